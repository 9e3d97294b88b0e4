package dev.swiftbrush.runtime.noise;

import java.nio.FloatBuffer;

/**
 * {@code torch.randn} in float32 with a CUDA generator at offset 0: Philox and cuRAND's Box-Muller transform.
 *
 * <p>PyTorch gives each GPU thread a subsequence of its own, and element i is the first number of thread i's
 * {@code curand_normal4}. That holds while the launched grid has a thread for every element, which is
 * multiprocessors x threads per multiprocessor: 40,960 elements on a T4, 43,008 on an RTX 3060, 221,184 on an A100; an
 * image of 512x512 has 16,384. For more elements than that, PyTorch's own numbers differ from GPU to GPU; here every
 * count is drawn as on a GPU large enough.
 *
 * <p>Held against published numbers; it was not run beside a GPU. cuRAND uses fast sine and cosine there, which may move
 * the last bits.
 *
 * @see <a href="https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/cuda/DistributionTemplates.h">PyTorch's
 *     distribution kernels</a>
 */
final class TorchCudaNormal {

    private static final float TO_UNIT = 0x1p-32f;
    private static final float TO_ANGLE = (float) (2 * Math.PI) * 0x1p-32f;

    private TorchCudaNormal() {}

    static void fill(long seed, FloatBuffer out) {
        Philox philox = new Philox();
        int key0 = (int) seed;
        int key1 = (int) (seed >>> 32);
        for (int i = 0; i < out.limit(); i++) {
            philox.apply(0, 0, i, 0, key0, key1); // counter: offset 0, subsequence i
            out.put(i, firstNormal(philox.x, philox.y));
        }
    }

    /** The sine half of the pair; u is in (0, 1], the angle in (0, 2 pi]. */
    private static float firstNormal(int x, int y) {
        float u = unsigned(x) * TO_UNIT + TO_UNIT / 2;
        float v = (float) ((double) unsigned(y) * TO_ANGLE + TO_ANGLE / 2); // one rounding, as a fused multiply-add
        float radius = (float) Math.sqrt(-2 * Math.log(u));
        return radius * (float) Math.sin(v);
    }

    private static float unsigned(int bits) {
        return (float) (bits & 0xFFFFFFFFL);
    }
}
