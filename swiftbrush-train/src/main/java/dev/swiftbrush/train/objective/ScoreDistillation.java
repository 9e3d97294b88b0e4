package dev.swiftbrush.train.objective;

import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchTensor;

/**
 * What score distillation objectives share: noise is added to the student's latents, and two opinions of that noise are
 * compared.
 *
 * @param guidance the teacher's guidance scale
 * @param earliest least timestep
 * @param latest greatest timestep
 */
record ScoreDistillation(Teacher teacher, double guidance, Weighting weighting, int earliest, int latest) {

    /** The other opinion of the noise in {@code noisy}. */
    @FunctionalInterface
    interface Opinion {
        TorchTensor epsilon(TorchTensor noisy, int[] timesteps, TorchTensor noise);
    }

    /**
     * The gradient {@code g = w(t) · (epsilon_teacher - epsilon_other)}, over the number of elements, and the loss of which
     * that is the gradient: {@code 0.5 · mean((x0 - stopgrad(x0 - g))^2) = 0.5 · mean(g^2)}.
     */
    Objective.Signal judge(Batch batch, TorchTensor latents, Opinion other) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            Denoiser denoiser = teacher.denoiser();
            int[] timesteps = batch.timesteps(Use.TIMESTEP, earliest, latest);
            TorchTensor noise = batch.normalLike(Use.NOISE, latents);
            TorchTensor noisy = denoiser.addNoise(latents, noise, timesteps);
            TorchTensor wanted = teacher.epsilon(noisy, timesteps, batch, guidance);
            TorchTensor found = other.epsilon(noisy, timesteps, noise);
            TorchTensor g = wanted.sub(found)
                    .mul(denoiser.column(timesteps, weighting.over(denoiser)))
                    .nanToNum();
            double loss = 0.5 * g.square().mean().item();
            return new Objective.Signal(loss, region.pass(g.mul(1.0 / g.numel())));
        }
    }
}
