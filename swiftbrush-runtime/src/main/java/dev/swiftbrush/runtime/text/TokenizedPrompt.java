package dev.swiftbrush.runtime.text;

import dev.swiftbrush.PromptTruncation;
import org.jspecify.annotations.Nullable;

/**
 * A prompt as the text encoder reads it. Thread-safe as long as no one writes to {@code ids}.
 *
 * @param ids start token, the prompt's tokens, end token, padding: always {@link PromptTokenizer#maxLength()} of them
 * @param truncation what was dropped, absent if the whole prompt fits
 */
public record TokenizedPrompt(long[] ids, @Nullable PromptTruncation truncation) {

    /** Stands for no token at all, behind the last one; CLIP has a pad token instead. */
    public static final long PADDING = -1;
}
