package dev.swiftbrush.train.sampler;

import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;
import java.util.ArrayList;
import java.util.List;

/**
 * Denoising diffusion implicit models without added noise (eta 0), with the timesteps and levels of diffusers' DDIMScheduler.
 *
 * @param endsClean whether the last step leaves no noise at all instead of what the schedule has at timestep 0
 *     ({@code set_alpha_to_one}; Stable Diffusion says false)
 * @see <a href="https://arxiv.org/abs/2010.02502">Song et al.</a>, equation 12
 */
public record Ddim(Spacing spacing, boolean endsClean) implements Sampler {

    @Override
    public List<SamplingStep> steps(NoiseSchedule schedule, Prediction prediction, int count) {
        List<SamplingStep> steps = new ArrayList<>();
        for (int timestep : spacing.timesteps(schedule.timesteps(), count, count)) {
            int next = timestep - schedule.timesteps() / count; // not the next timestep, where count does not divide T
            Level from = Level.at(schedule, timestep);
            Level to = next < 0 && endsClean ? Level.CLEAN : Level.at(schedule, Math.max(0, next));
            double sample = to.sigma() / from.sigma();
            steps.add(from.step(timestep, prediction, sample, to.alpha() - from.alpha() * sample, 0));
        }
        return List.copyOf(steps);
    }
}
