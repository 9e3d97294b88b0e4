package dev.swiftbrush.train.objective;

import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.runtime.noise.Noise;

/**
 * Draws that depend on nothing but a seed and what they are for: no generator has a state that could be lost, and the
 * numbers are the same however a batch is cut or shared out. Thread-safe.
 *
 * @param seed of the whole training
 */
public record SeededDraws(long seed) implements Draws {

    @Override
    public float[] normal(Use use, long step, long sample, int count) {
        return Noise.draw(NoiseGenerator.TORCH_CUDA, key(use, step, sample), count);
    }

    @Override
    public int integer(Use use, long step, long sample, int low, int high) {
        long range = (long) high - low + 1;
        return (int) (low + ((key(use, step, sample) >>> 32) * range >>> 32));
    }

    @Override
    public boolean chance(Use use, long step, long sample, double probability) {
        return (key(use, step, sample) >>> 11) * 0x1p-53 < probability;
    }

    /** A key for each place, by the finaliser of SplitMix64 over its coordinates. */
    private long key(Use use, long step, long sample) {
        return mix(mix(mix(mix(seed) + use.ordinal() + 1) + step + 1) + sample + 1);
    }

    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
