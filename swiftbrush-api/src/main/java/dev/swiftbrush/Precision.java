package dev.swiftbrush;

/** The number format in which a model computes. Immutable and thread-safe. */
public enum Precision {
    /** {@link #FP16} on CUDA, {@link #FP32} on a CPU, where half precision is slower than single. */
    AUTO,
    /** IEEE single precision, 32 bits. */
    FP32,
    /** IEEE half precision, 16 bits: half the memory. */
    FP16,
    /**
     * Integers of 8 bits where they cost little, single precision elsewhere; on a CPU, for checkpoints. The first time a model
     * is opened so it is calibrated, see {@link CalibrationOptions}.
     */
    INT8
}
