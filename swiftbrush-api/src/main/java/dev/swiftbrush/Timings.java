package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.time.Duration;

/**
 * Where the time of one image went, in wall-clock time. Immutable and thread-safe.
 *
 * @param waiting for a free session
 * @param tokenizing from the prompt to token ids
 * @param encoding from token ids to the text encoder's hidden states
 * @param noise from the seed to noise
 * @param generating from noise and hidden states to pixels
 * @param total from the call to the image; at least the sum of the others
 */
public record Timings(
        Duration waiting, Duration tokenizing, Duration encoding, Duration noise, Duration generating, Duration total) {

    /**
     * @throws IllegalArgumentException if a duration is absent or negative
     */
    public Timings {
        requireDuration("waiting", waiting);
        requireDuration("tokenizing", tokenizing);
        requireDuration("encoding", encoding);
        requireDuration("noise", noise);
        requireDuration("generating", generating);
        requireDuration("total", total);
    }

    private static void requireDuration(String stage, Duration time) {
        requirePresent(time, stage);
        requireArgument(!time.isNegative(), "%s must not be negative, but was %s", stage, time);
    }
}
