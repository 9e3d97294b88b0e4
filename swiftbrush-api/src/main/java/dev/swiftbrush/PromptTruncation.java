package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

/**
 * A prompt was longer than the model reads, and its end had no effect. Immutable and thread-safe.
 *
 * @param tokens the tokens that the whole prompt has, start and end token included
 * @param limit the tokens that the model reads, start and end token included
 * @param dropped the text at the end of the prompt that had no effect
 */
public record PromptTruncation(int tokens, int limit, String dropped) {

    /**
     * @throws IllegalArgumentException if {@code limit} is below 1, {@code tokens} is not over it, or {@code dropped}
     *     is absent
     */
    public PromptTruncation {
        requireArgument(limit >= 1, "limit must be positive, but was %d", limit);
        requireArgument(tokens > limit, "tokens must be over the limit of %d, but was %d", limit, tokens);
        requirePresent(dropped, "dropped");
    }
}
