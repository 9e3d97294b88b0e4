/** Writing networks as ONNX graphs whose weights stay in the checkpoint's own files. */
@NullMarked
package dev.swiftbrush.runtime.export;

import org.jspecify.annotations.NullMarked;
