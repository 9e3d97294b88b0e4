package dev.swiftbrush.train.sampler;

import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;
import java.util.ArrayList;
import java.util.List;

/**
 * DPM-Solver++ of second order, multistep, with midpoints: about as good in 20 steps as {@link Ddim} in 50. Timesteps and
 * levels are those of diffusers' DPMSolverMultistepScheduler, which makes the last step one of first order where that is
 * steadier: where it ends clean, and in fewer than 15 steps.
 *
 * @param endsClean whether the last step leaves no noise at all instead of what the schedule has at timestep 0
 *     ({@code final_sigmas_type} zero, diffusers' default, instead of sigma_min)
 * @see <a href="https://arxiv.org/abs/2211.01095">Lu et al.</a>, algorithm 2
 */
public record DpmSolverPlusPlus2M(Spacing spacing, boolean endsClean) implements Sampler {
    private static final int FEW_STEPS = 15;

    @Override
    public List<SamplingStep> steps(NoiseSchedule schedule, Prediction prediction, int count) {
        int[] timesteps = spacing.timesteps(schedule.timesteps(), count + 1, count);
        List<SamplingStep> steps = new ArrayList<>();
        double hBefore = 0; // none
        for (int i = 0; i < count; i++) {
            boolean last = i == count - 1;
            Level from = Level.at(schedule, timesteps[i]);
            Level to = last ? (endsClean ? Level.CLEAN : Level.at(schedule, 0)) : Level.at(schedule, timesteps[i + 1]);
            double h = to.lambda() - from.lambda(); // infinite where the step ends clean
            double sample = to.sigma() / from.sigma();
            double x0 = -to.alpha() * Math.expm1(-h);
            boolean firstOrder = hBefore == 0 || last && (endsClean || count < FEW_STEPS);
            double slope = firstOrder ? 0 : x0 * h / (2 * hBefore); // of x0, from the step before to this one
            steps.add(from.step(timesteps[i], prediction, sample, x0 + slope, -slope));
            hBefore = h;
        }
        return List.copyOf(steps);
    }
}
