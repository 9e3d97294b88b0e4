package dev.swiftbrush.runtime.noise;

import dev.swiftbrush.NoiseGenerator;
import java.nio.FloatBuffer;
import java.nio.ReadOnlyBufferException;

/**
 * Draws standard normal noise as a freshly seeded {@code torch.randn} does. Thread-safe: nothing is kept between calls.
 *
 * <p>An image is one seed: a batch is drawn image by image, each from its own seed, because {@code torch.randn} does not
 * give a batch the numbers that its images get alone.
 */
public final class Noise {

    private Noise() {}

    /**
     * Returns the {@code count} numbers that {@code torch.randn(count)} gives first after {@code manual_seed(seed)},
     * as float32.
     *
     * <p>Shapes do not matter to PyTorch, only their product: {@code [1, 4, 64, 64]} is a count of 16,384.
     *
     * @param seed as PyTorch takes it: a negative seed is its two's complement; {@link NoiseGenerator#TORCH_CPU} uses
     *     the low 32 bits alone
     * @throws IllegalArgumentException if {@code count} is negative
     */
    public static float[] draw(NoiseGenerator kind, long seed, int count) {
        if (count < 0) {
            throw new IllegalArgumentException("count must not be negative, but was " + count);
        }
        float[] values = new float[count];
        fill(kind, seed, FloatBuffer.wrap(values));
        return values;
    }

    /**
     * Writes what {@link #draw} returns from {@code out}'s position to its limit, in place, and leaves its position as it
     * was.
     *
     * @param out heap or direct, of any byte order
     * @throws ReadOnlyBufferException if {@code out} is read-only
     */
    public static void fill(NoiseGenerator kind, long seed, FloatBuffer out) {
        if (out.isReadOnly()) {
            throw new ReadOnlyBufferException();
        }
        FloatBuffer rest = out.slice();
        if (kind == NoiseGenerator.TORCH_CUDA) {
            TorchCudaNormal.fill(seed, rest);
        } else {
            TorchCpuNormal.fill(seed, rest);
        }
    }
}
