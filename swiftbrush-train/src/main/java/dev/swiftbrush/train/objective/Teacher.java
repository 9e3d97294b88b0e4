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
     * {@code epsilon(empty) + scale · (epsilon(prompt) - epsilon(empty))}, both halves in one call; at a scale of 1 the
     * prompt's half alone. Notes no gradients.
     *
     * @param noisy {@code [B, C, h, w]}
     */
    public TorchTensor epsilon(TorchTensor noisy, int[] timesteps, Batch batch, double scale) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            if (scale == 1) {
                return region.pass(denoiser.epsilon(weights, noisy, timesteps, batch.states()));
            }
            int size = timesteps.length;
            int[] twice = new int[2 * size];
            System.arraycopy(timesteps, 0, twice, 0, size);
            System.arraycopy(timesteps, 0, twice, size, size);
            TorchTensor states = batch.empty().repeat(size).concat(0, batch.states());
            TorchTensor both = denoiser.epsilon(weights, noisy.repeat(2), twice, states);
            TorchTensor empty = both.narrow(0, 0, size);
            TorchTensor prompt = both.narrow(0, size, size);
            return region.pass(empty.add(prompt.sub(empty).mul(scale)));
        }
    }
}
