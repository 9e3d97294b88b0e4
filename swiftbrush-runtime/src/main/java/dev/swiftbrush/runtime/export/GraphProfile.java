package dev.swiftbrush.runtime.export;

/** How networks become graphs. All profiles draw the same picture, up to rounding (docs/adr/0009). */
public enum GraphProfile {
    /** An ONNX operator for each operation, where there is one. */
    PLAIN,

    /** For processors, in single precision: convolutions in fewer multiplications and group norms on all threads, where that was measured to pay. */
    CPU
}
