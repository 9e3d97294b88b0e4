/** One image at the size of Stable Diffusion 2.1, measured: this SDK beside three plain ONNX Runtime sessions. */
@NullMarked
package dev.swiftbrush.examples.benchmarks;

import org.jspecify.annotations.NullMarked;
