package dev.swiftbrush.train;

import dev.swiftbrush.runtime.tensor.DType;

/** What networks compute in while they train. Weights are kept and updated in single precision always. */
public enum Precision {
    /** Single precision. */
    F32(DType.F32),
    /** bfloat16: the range of single precision; twice as fast on CPUs and GPUs that have it. */
    BF16(DType.BF16),
    /** Half precision with a loss scale that adapts; for GPUs without bfloat16, refused on a CPU. */
    F16(DType.F16);

    private final DType type;

    Precision(DType type) {
        this.type = type;
    }

    /** The element type. */
    public DType type() {
        return type;
    }
}
