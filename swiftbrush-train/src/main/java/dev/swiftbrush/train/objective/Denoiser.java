package dev.swiftbrush.train.objective;

import dev.swiftbrush.runtime.network.Sinusoid;
import dev.swiftbrush.runtime.network.UNet2DConditionModel;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.util.Arrays;

/**
 * A UNet and what its output means: noisy latents in, epsilon or clean latents out. Around the UNet everything is single
 * precision. Use from one thread.
 *
 * @param compute the type that the UNet's weights are in
 */
public record Denoiser(
        UNet2DConditionModel unet, NoiseSchedule schedule, Prediction prediction, TorchDevice device, DType compute) {

    /** @throws IllegalArgumentException if the UNet predicts neither epsilon nor v */
    public Denoiser {
        if (prediction != Prediction.EPSILON && prediction != Prediction.V) {
            throw new IllegalArgumentException(
                    "only a UNet that predicts epsilon or v can be trained, but this one predicts " + prediction);
        }
        if (unet.config().timeCondProjDim() != null) {
            throw new IllegalArgumentException(
                    "a UNet with a guidance embedding is a distilled one and cannot be a teacher");
        }
    }

    /**
     * The UNet's own output.
     *
     * @param noisy latents {@code [B, C, h, w]}, F32
     * @param timesteps one a sample, 0 to T - 1
     * @param states hidden states of the prompts, {@code [B, N, D]}
     * @return the prediction, F32, in the shape of {@code noisy}
     */
    public TorchTensor predict(TorchWeights weights, TorchTensor noisy, int[] timesteps, TorchTensor states) {
        TorchTensor output = (TorchTensor)
                unet.predict(Scope.of(weights), noisy.to(compute), sinusoids(timesteps), null, states.to(compute));
        return output.to(DType.F32);
    }

    /** The noise in {@code noisy}, as the UNet sees it. */
    public TorchTensor epsilon(TorchWeights weights, TorchTensor noisy, int[] timesteps, TorchTensor states) {
        TorchTensor output = predict(weights, noisy, timesteps, states);
        if (prediction == Prediction.EPSILON) {
            return output;
        }
        return output.mul(alpha(timesteps)).add(noisy.mul(sigma(timesteps))); // v = alpha·epsilon - sigma·x0
    }

    /**
     * Clean latents in one step, {@code (z - sigma·epsilon) / alpha}.
     *
     * @param noise {@code [B, C, h, w]}
     * @see <a href="https://arxiv.org/abs/2312.05239">SwiftBrush</a>, section 3
     */
    public TorchTensor generate(TorchWeights weights, TorchTensor noise, int timestep, TorchTensor states) {
        int[] timesteps = new int[Math.toIntExact(noise.size(0))];
        Arrays.fill(timesteps, timestep);
        TorchTensor output = predict(weights, noise, timesteps, states);
        double alpha = Math.sqrt(schedule.alphaCumprod(timestep));
        double sigma = Math.sqrt(1 - schedule.alphaCumprod(timestep));
        return prediction == Prediction.EPSILON
                ? noise.sub(output.mul(sigma)).mul(1 / alpha)
                : noise.mul(alpha).sub(output.mul(sigma));
    }

    /** {@code alpha·clean + sigma·noise}. */
    public TorchTensor addNoise(TorchTensor clean, TorchTensor noise, int[] timesteps) {
        return clean.mul(alpha(timesteps)).add(noise.mul(sigma(timesteps)));
    }

    /** {@code v = alpha·noise - sigma·clean}. */
    public TorchTensor velocity(TorchTensor clean, TorchTensor noise, int[] timesteps) {
        return noise.mul(alpha(timesteps)).sub(clean.mul(sigma(timesteps)));
    }

    /** Square roots of alphaCumprod, {@code [B, 1, 1, 1]}. */
    TorchTensor alpha(int[] timesteps) {
        return column(timesteps, t -> Math.sqrt(schedule.alphaCumprod(t)));
    }

    /** Square roots of what alphaCumprod leaves of 1, {@code [B, 1, 1, 1]}. */
    TorchTensor sigma(int[] timesteps) {
        return column(timesteps, t -> Math.sqrt(1 - schedule.alphaCumprod(t)));
    }

    TorchTensor column(int[] timesteps, java.util.function.IntToDoubleFunction value) {
        float[] values = new float[timesteps.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) value.applyAsDouble(timesteps[i]);
        }
        return TorchTensor.of(values, device, values.length, 1, 1, 1);
    }

    private TorchTensor sinusoids(int[] timesteps) {
        int width = unet.config().levels().get(0).channels();
        float[] rows = new float[timesteps.length * width];
        for (int i = 0; i < timesteps.length; i++) {
            System.arraycopy(Sinusoid.timestep(timesteps[i], unet.config()), 0, rows, i * width, width);
        }
        return TorchTensor.of(rows, device, timesteps.length, width).to(compute);
    }
}
