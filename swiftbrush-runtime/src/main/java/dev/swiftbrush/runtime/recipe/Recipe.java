package dev.swiftbrush.runtime.recipe;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a one-step checkpoint makes latents of noise, as the checkpoint was trained to.
 *
 * @param timestep what the UNet is told; real-valued, may equal T
 * @param scaledInput whether the UNet sees sigma·z instead of z
 * @param alphaSquared what the training took for alphaCumprod at the timestep; null takes the schedule's
 * @param prediction what the UNet's output means; null takes the scheduler's word
 * @param consistency whether the result is mixed with the input as latent consistency models do
 * @param guidance the guidance scale that the UNet embeds, or null if it embeds none
 */
public record Recipe(
        String name,
        double timestep,
        boolean scaledInput,
        @Nullable Double alphaSquared,
        @Nullable Prediction prediction,
        boolean consistency,
        @Nullable Double guidance) {
    private static final double LEAST_ALPHA_SQUARED = 1e-9;
    private static final double MOST_GUIDANCE = 1000;
    private static final Set<String> KEYS = Set.of(
            "name",
            "timestep",
            "scaled_input",
            "alpha_squared",
            "prediction",
            "consistency",
            "guidance",
            "description",
            "detect");

    /** Reads a recipe; an unknown key is refused, lest a misspelt one be ignored. */
    public static Recipe of(JsonFile json) {
        json.refuseKeysOtherThan(KEYS);
        double timestep = json.number("timestep", 0, NoiseSchedule.MAX_TIMESTEPS)
                .orElseThrow(() -> json.fault("timestep", "a number"));
        Prediction prediction = Prediction.read(json, "prediction").orElse(null);
        if (prediction == Prediction.VELOCITY) {
            for (String key : List.of("scaled_input", "alpha_squared", "consistency")) {
                json.requireUnset(key); // a rectified flow has neither alpha nor sigma
            }
        }
        return new Recipe(
                json.text("name").orElseThrow(() -> json.fault("name", "a string")),
                timestep,
                json.flag("scaled_input", false),
                json.number("alpha_squared", LEAST_ALPHA_SQUARED, 1 - LEAST_ALPHA_SQUARED)
                        .orElse(null),
                prediction,
                json.flag("consistency", false),
                json.number("guidance", 0, MOST_GUIDANCE).orElse(null));
    }

    /**
     * Fills in the numbers.
     *
     * @param scheduler {@code scheduler_config.json}, which is not read for a velocity
     * @throws ModelException if the file cannot be read, or its schedule has no such timestep or leaves nothing of the
     *     latents there
     */
    public OneStep resolve(Path scheduler) {
        if (prediction == Prediction.VELOCITY) {
            return new OneStep(timestep, 1, 1, 1, guidance);
        }
        return resolve(NoiseSchedule.of(JsonFile.read(scheduler)));
    }

    /**
     * Fills in the numbers.
     *
     * @throws ModelException if the schedule has no such timestep or leaves nothing of the latents there
     */
    public OneStep resolve(NoiseSchedule schedule) {
        if (prediction == Prediction.VELOCITY) {
            return new OneStep(timestep, 1, 1, 1, guidance);
        }
        Prediction meaning = prediction != null ? prediction : schedule.prediction();
        double alphaCumprod = alphaSquared != null ? alphaSquared : schedule.alphaCumprod(timestep);
        if (alphaCumprod < LEAST_ALPHA_SQUARED || alphaCumprod >= 1) {
            throw new ModelException(
                    "%s: alphaCumprod at timestep %s is %s; one step can be made where it is at least %s and less than 1"
                            .formatted(schedule.source(), timestep, alphaCumprod, LEAST_ALPHA_SQUARED));
        }
        double alpha = Math.sqrt(alphaCumprod);
        double sigma = Math.sqrt(1 - alphaCumprod);
        double input = scaledInput ? sigma : 1;
        double noise = switch (meaning) {
            case EPSILON -> input / alpha;
            case V -> input * alpha;
            case SAMPLE -> 0;
            case VELOCITY -> 1;
        };
        double output = switch (meaning) {
            case EPSILON -> -sigma / alpha;
            case V -> -sigma;
            case SAMPLE, VELOCITY -> 1;
        };
        if (!consistency) {
            return new OneStep(timestep, input, noise, output, guidance);
        }
        double scaled = 10 * timestep; // boundary condition with sigma_data = 0.5: LCM (arXiv 2310.04378), appendix D
        double skip = 0.25 / (scaled * scaled + 0.25);
        double out = scaled / Math.sqrt(scaled * scaled + 0.25);
        return new OneStep(timestep, input, skip * input + out * noise, out * output, guidance);
    }
}
