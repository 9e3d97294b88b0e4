package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.recipe.Prediction;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Teacher;
import dev.swiftbrush.train.sampler.Sampler;
import dev.swiftbrush.train.sampler.SamplingStep;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchTensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Draws with a multi-step teacher. Use from one thread.
 *
 * @param steps calls of the UNet
 * @param guidance the guidance scale
 */
public record TeacherSampling(Teacher teacher, Sampler sampler, int steps, double guidance) {

    /**
     * Makes latents of noise.
     *
     * @param noise standard normal, {@code [B, C, h, w]}
     * @param prompts one for each of them
     */
    public TorchTensor sample(TorchTensor noise, Batch prompts) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            TorchTensor latents = noise;
            TorchTensor before = null;
            for (SamplingStep step : sampler.steps(teacher.denoiser().schedule(), Prediction.EPSILON, steps)) {
                try (Region inner = Region.open()) {
                    TorchTensor clean = inner.pass(clean(latents, step, prompts));
                    latents = inner.pass(next(latents, clean, before, step));
                    before = clean;
                }
            }
            return region.pass(latents);
        }
    }

    private TorchTensor clean(TorchTensor latents, SamplingStep step, Batch prompts) {
        int[] timesteps = new int[prompts.size()];
        Arrays.fill(timesteps, step.timestep());
        TorchTensor epsilon = teacher.epsilon(latents, timesteps, prompts, guidance);
        return latents.mul(step.x0OfSample()).add(epsilon.mul(step.x0OfOutput()));
    }

    private static TorchTensor next(
            TorchTensor latents, TorchTensor clean, @Nullable TorchTensor before, SamplingStep step) {
        TorchTensor next = latents.mul(step.sample()).add(clean.mul(step.x0()));
        return before == null || step.previousX0() == 0 ? next : next.add(before.mul(step.previousX0()));
    }
}
