package dev.swiftbrush.train.objective;

import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;

/**
 * A frozen denoiser under classifier-free guidance. Use from one thread.
 *
 * @see <a href="https://arxiv.org/abs/2207.12598">Classifier-Free Diffusion Guidance</a>
 */
public record Teacher(Denoiser denoiser, TorchWeights weights) {

    /**
     * {@code epsilon(empty) + scale · (epsilon(prompt) - epsilon(empty))}; at a scale of 1 the prompt's half alone. Both halves are
     * one call on a GPU; a CPU is no slower with two, which need half the memory. Notes no gradients.
     *
     * @param noisy {@code [B, C, h, w]}
     */
    public TorchTensor epsilon(TorchTensor noisy, int[] timesteps, Batch batch, double scale) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            if (scale == 1) {
                return region.pass(denoiser.epsilon(weights, noisy, timesteps, batch.states()));
            }
            TorchTensor empty;
            TorchTensor prompt;
            if (denoiser.device().isCuda()) {
                TorchTensor both = both(noisy, timesteps, batch);
                empty = both.narrow(0, 0, timesteps.length);
                prompt = both.narrow(0, timesteps.length, timesteps.length);
            } else {
                empty = denoiser.epsilon(
                        weights, noisy, timesteps, batch.empty().repeat(timesteps.length));
                prompt = denoiser.epsilon(weights, noisy, timesteps, batch.states());
            }
            return region.pass(empty.add(prompt.sub(empty).mul(scale)));
        }
    }

    /** Under the empty prompt, and below that under the batch's: {@code [2·B, C, h, w]}. */
    private TorchTensor both(TorchTensor noisy, int[] timesteps, Batch batch) {
        int size = timesteps.length;
        int[] twice = new int[2 * size];
        System.arraycopy(timesteps, 0, twice, 0, size);
        System.arraycopy(timesteps, 0, twice, size, size);
        TorchTensor states = batch.empty().repeat(size).concat(0, batch.states());
        return denoiser.epsilon(weights, noisy.repeat(2), twice, states);
    }
}
