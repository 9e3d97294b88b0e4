package dev.swiftbrush.runtime.recipe;

import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.file.Path;
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
        double timestep = json.number("timestep").orElseThrow(() -> json.fault("timestep", "a number"));
        if (timestep < 0) {
            throw json.fault("timestep", "0 or more");
        }
        Double alphaSquared = json.number("alpha_squared").orElse(null);
        if (alphaSquared != null && !(alphaSquared > 0 && alphaSquared < 1)) {
            throw json.fault("alpha_squared", "between 0 and 1");
        }
        return new Recipe(
                json.text("name").orElseThrow(() -> json.fault("name", "a string")),
                timestep,
                json.flag("scaled_input", false),
                alphaSquared,
                Prediction.read(json, "prediction").orElse(null),
                json.flag("consistency", false),
                json.number("guidance").orElse(null));
    }

    /**
     * Fills in the numbers.
     *
     * @param scheduler {@code scheduler_config.json}, which is read unless the recipe says all by itself
     * @throws dev.swiftbrush.ModelException if the file cannot be read, or its schedule has no such timestep
     */
    public OneStep resolve(Path scheduler) {
        if (prediction == Prediction.VELOCITY) {
            return new OneStep(timestep, 1, 1, 1, guidance);
        }
        return resolve(NoiseSchedule.of(JsonFile.read(scheduler)));
    }

    private OneStep resolve(NoiseSchedule schedule) {
        Prediction meaning = prediction != null ? prediction : schedule.prediction();
        double alphaCumprod = alphaSquared != null ? alphaSquared : schedule.alphaCumprod(timestep);
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
