package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.util.List;

/**
 * How a model is calibrated for {@link Precision#INT8}: the first time, some pictures are drawn in single precision, to see which
 * values its layers have, and some in both, to measure what is lost. That takes the time and memory of a dozen of pictures in
 * single precision; the result is kept in the cache. Immutable and thread-safe.
 *
 * @param prompts to calibrate with, best such as the application will ask for; every fourth one is held out and only measured
 *     with. Empty takes a dozen that come with the engine
 * @param leastPsnr the least peak signal-to-noise ratio that the held-out pictures may have on average, in dB against single
 *     precision; a model that has less is refused with a {@link ModelException}
 */
public record CalibrationOptions(List<String> prompts, double leastPsnr) {
    private static final int FEWEST = 4;
    private static final int MOST = 1000;
    private static final double DEFAULT_PSNR = 30;

    /**
     * @throws IllegalArgumentException if there are 1 to 3 prompts, or over 1000, one is absent or blank, or {@code leastPsnr} is
     *     not from 0 to 100
     */
    public CalibrationOptions {
        requirePresent(prompts, "prompts").forEach(prompt -> requirePresent(prompt, "an element of prompts"));
        prompts = List.copyOf(prompts);
        requireArgument(
                prompts.isEmpty() || (prompts.size() >= FEWEST && prompts.size() <= MOST),
                "prompts must be from %d to %d, or none for those of the engine, but were %d",
                FEWEST,
                MOST,
                prompts.size());
        requireArgument(prompts.stream().noneMatch(String::isBlank), "prompts must not be blank");
        requireArgument(leastPsnr >= 0 && leastPsnr <= 100, "leastPsnr must be from 0 to 100, but was %s", leastPsnr);
    }

    /** Returns the defaults: the prompts that come with the engine, and 30 dB. */
    public static CalibrationOptions defaults() {
        return new CalibrationOptions(List.of(), DEFAULT_PSNR);
    }

    /** Returns these options with other prompts. */
    public CalibrationOptions withPrompts(List<String> prompts) {
        return new CalibrationOptions(prompts, leastPsnr);
    }

    /** Returns these options with another least ratio, in dB. */
    public CalibrationOptions withLeastPsnr(double leastPsnr) {
        return new CalibrationOptions(prompts, leastPsnr);
    }
}
