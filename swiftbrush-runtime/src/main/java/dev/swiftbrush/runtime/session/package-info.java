/** Graphs at work on ONNX Runtime: devices, sessions, and the pool that shares them. */
@NullMarked
package dev.swiftbrush.runtime.session;

import org.jspecify.annotations.NullMarked;
