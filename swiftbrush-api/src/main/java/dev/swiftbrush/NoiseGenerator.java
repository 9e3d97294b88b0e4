package dev.swiftbrush;

/**
 * How a seed becomes noise; it decides which other program makes the same image from the same seed. Immutable and
 * thread-safe.
 *
 * <p>The choice is about numbers, not about hardware: each generator works on every {@link Device}.
 */
public enum NoiseGenerator {
    /**
     * The numbers of {@code torch.randn} with a CPU generator: mt19937, seeded with the low 32 bits of the seed, so
     * that seeds which differ only above them give the same image.
     */
    TORCH_CPU,
    /** The numbers of {@code torch.randn} with a CUDA generator: Philox 4x32-10, keyed with all 64 bits of the seed. */
    TORCH_CUDA
}
