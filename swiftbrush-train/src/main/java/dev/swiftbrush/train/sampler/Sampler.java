package dev.swiftbrush.train.sampler;

import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;
import java.util.List;

/**
 * Draws pictures with a multi-step model: from standard normal latents, one call of the UNet a step, without randomness of
 * its own. Immutable and thread-safe.
 */
public sealed interface Sampler permits Ddim, DpmSolverPlusPlus2M {

    /**
     * The steps from pure noise to clean latents, in order.
     *
     * @param prediction what the UNet's output means
     * @throws IllegalArgumentException if {@code count} is not positive or more than fit into the schedule, or the
     *     prediction is a velocity
     * @throws dev.swiftbrush.ModelException if the schedule leaves no signal or no noise at one of the timesteps
     */
    List<SamplingStep> steps(NoiseSchedule schedule, Prediction prediction, int count);
}
