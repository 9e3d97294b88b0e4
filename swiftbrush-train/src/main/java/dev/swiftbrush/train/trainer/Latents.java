package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;

/**
 * The normal distribution of latents that an autoencoder finds in pictures, single precision.
 *
 * @param mean {@code [B, C, h, w]}
 * @param logVariance the same, within the limits that diffusers sets
 */
record Latents(TorchTensor mean, TorchTensor logVariance) {
    private static final double LEAST = -30;
    private static final double MOST = 20;

    /** @param moments what an encoder gives, {@code [B, 2·C, h, w]} */
    static Latents of(TorchTensor moments) {
        long channels = moments.size(1) / 2;
        TorchTensor exact = moments.to(DType.F32);
        return new Latents(
                exact.narrow(1, 0, channels),
                exact.narrow(1, channels, channels).clamp(LEAST, MOST));
    }

    /** Latents drawn from the distribution, not scaled. */
    TorchTensor sample(Draws draws, long step, long first, TorchDevice device) {
        long[] sizes = mean.shape().sizes();
        int count = Math.toIntExact(mean.numel() / sizes[0]);
        float[] noise = new float[Math.toIntExact(mean.numel())];
        for (int i = 0; i < sizes[0]; i++) {
            System.arraycopy(draws.normal(Use.POSTERIOR, step, first + i, count), 0, noise, i * count, count);
        }
        return mean.add(logVariance.mul(0.5).exp().mul(TorchTensor.of(noise, device, sizes)));
    }

    /**
     * The mean over all elements of {@code 0.5 · (mean^2 + variance - 1 - log variance)}, the divergence from the standard
     * normal distribution.
     */
    TorchTensor divergence() {
        return mean.square()
                .add(logVariance.exp())
                .sub(logVariance)
                .add(-1)
                .mean()
                .mul(0.5);
    }
}
