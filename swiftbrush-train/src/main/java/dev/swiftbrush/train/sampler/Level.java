package dev.swiftbrush.train.sampler;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;

/** How much signal and noise latents hold: {@code x = alpha·x0 + sigma·epsilon}. */
record Level(double alpha, double sigma) {
    static final Level CLEAN = new Level(1, 0);

    /** @throws ModelException if the schedule leaves no signal or no noise at the timestep */
    static Level at(NoiseSchedule schedule, int timestep) {
        double alphaCumprod = schedule.alphaCumprod(timestep);
        if (!(alphaCumprod > 0 && alphaCumprod < 1)) {
            throw new ModelException("alphaCumprod at timestep %d is %s; samplers need it between 0 and 1"
                    .formatted(timestep, alphaCumprod));
        }
        return new Level(Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod));
    }

    /** Half the logarithm of the signal-to-noise ratio. */
    double lambda() {
        return Math.log(alpha / sigma);
    }

    /**
     * A step that starts at this level.
     *
     * @throws IllegalArgumentException for a velocity, which belongs to a rectified flow and not to this kind of noise
     */
    SamplingStep step(int timestep, Prediction prediction, double sample, double x0, double previousX0) {
        return switch (prediction) {
            case EPSILON -> new SamplingStep(timestep, 1 / alpha, -sigma / alpha, sample, x0, previousX0);
            case V -> new SamplingStep(timestep, alpha, -sigma, sample, x0, previousX0);
            case SAMPLE -> new SamplingStep(timestep, 0, 1, sample, x0, previousX0);
            case VELOCITY ->
                throw new IllegalArgumentException(
                        "samplers take a UNet that predicts epsilon, v or the sample, but this one predicts a velocity");
        };
    }
}
