package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import java.nio.FloatBuffer;
import java.util.SplittableRandom;

/**
 * Numbers for one tensor, evenly spread around its middle. Layers keep the variance of what passes through them, norms
 * begin as the identity, and the last convolution is halved so that few pixels leave [-1, 1].
 */
final class RandomWeights {
    static final long SEED = 2312_05239;
    private static final float BIAS_SPREAD = 0.02f;
    private static final String LAST_CONVOLUTION = "decoder.conv_out.weight";

    private final SplittableRandom random;
    private final float middle;
    private final float spread;

    private RandomWeights(long seed, float middle, float spread) {
        this.random = new SplittableRandom(seed);
        this.middle = middle;
        this.spread = spread;
    }

    static RandomWeights of(Declaration tensor) {
        long seed = SEED ^ ((long) tensor.name().hashCode() << 32) ^ tensor.byteLength();
        if (tensor.shape().size() == 1) {
            boolean scale = tensor.name().endsWith(".weight"); // a norm's
            return new RandomWeights(seed, scale ? 1 : 0, BIAS_SPREAD);
        }
        double inputs =
                tensor.shape().stream().skip(1).mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
        double deviation = (tensor.name().equals(LAST_CONVOLUTION) ? 0.5 : 1) / Math.sqrt(inputs);
        return new RandomWeights(
                seed, 0, (float) (deviation * Math.sqrt(3))); // of an even spread from -sqrt(3) d to sqrt(3) d
    }

    /** Draws the next numbers, from the buffer's position to its limit. */
    void fill(FloatBuffer out) {
        float scale = spread / (1L << 31);
        while (out.hasRemaining()) {
            long bits = random.nextLong();
            out.put(middle + (int) (bits >> 32) * scale);
            if (out.hasRemaining()) {
                out.put(middle + (int) bits * scale);
            }
        }
    }
}
