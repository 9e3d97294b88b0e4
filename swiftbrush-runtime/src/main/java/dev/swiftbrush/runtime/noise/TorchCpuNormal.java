package dev.swiftbrush.runtime.noise;

import java.nio.FloatBuffer;

/**
 * {@code torch.randn} in float32 on the CPU: mt19937 and the Box-Muller transform, in PyTorch's order of draws.
 *
 * <p>PyTorch's vector code approximates the logarithm, sine and cosine, so that the last bits differ: by up
 * to 4.8e-7 from PyTorch 2.15.0 with AVX-512.
 */
final class TorchCpuNormal {

    /** PyTorch transforms blocks of 16: the first 8 uniforms become radii, the last 8 angles. */
    private static final int BLOCK = 16;

    private static final int HALF = BLOCK / 2;
    private static final float TWO_PI = (float) (2 * Math.PI);

    private TorchCpuNormal() {}

    static void fill(long seed, FloatBuffer out) {
        Mt19937 random = new Mt19937((int) seed);
        if (out.limit() < BLOCK) {
            fillOneByOne(random, out);
        } else {
            fillByBlocks(random, out);
        }
    }

    /** Fewer than 16 numbers: one pair at a time in float64, the sine kept for the next number. */
    private static void fillOneByOne(Mt19937 random, FloatBuffer out) {
        for (int i = 0; i < out.limit(); i += 2) {
            double theta = 2 * Math.PI * uniform53(random);
            double radius = Math.sqrt(-2 * Math.log1p(-uniform53(random)));
            out.put(i, (float) (radius * Math.cos(theta)));
            if (i + 1 < out.limit()) {
                out.put(i + 1, (float) (radius * Math.sin(theta)));
            }
        }
    }

    /** 16 numbers or more: uniforms for all of them first, then the transform block by block. */
    private static void fillByBlocks(Mt19937 random, FloatBuffer out) {
        int count = out.limit();
        for (int i = 0; i < count; i++) {
            out.put(i, uniform24(random));
        }
        for (int i = 0; i + BLOCK <= count; i += BLOCK) {
            transform(out, i);
        }
        if (count % BLOCK != 0) { // the last 16 are drawn anew, over the end of the last whole block
            for (int i = count - BLOCK; i < count; i++) {
                out.put(i, uniform24(random));
            }
            transform(out, count - BLOCK);
        }
    }

    private static void transform(FloatBuffer data, int from) {
        for (int j = from; j < from + HALF; j++) {
            float radius = (float) Math.sqrt(-2 * Math.log(1 - data.get(j))); // 1 - u is in (0, 1]
            float theta = TWO_PI * data.get(j + HALF); // rounded to float32 as PyTorch does
            data.put(j, radius * (float) Math.cos(theta));
            data.put(j + HALF, radius * (float) Math.sin(theta));
        }
    }

    private static float uniform24(Mt19937 random) {
        return (random.nextInt() & 0xFFFFFF) * 0x1p-24f;
    }

    private static double uniform53(Mt19937 random) {
        long high = random.nextInt();
        long low = random.nextInt() & 0xFFFFFFFFL;
        return ((high << 32 | low) & ((1L << 53) - 1)) * 0x1p-53;
    }
}
