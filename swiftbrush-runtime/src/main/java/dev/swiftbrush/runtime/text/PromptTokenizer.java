package dev.swiftbrush.runtime.text;

import dev.swiftbrush.ModelException;
import java.util.List;
import org.slf4j.LoggerFactory;

/** Turns prompts into the token ids that a text encoder reads. Thread-safe; {@link #close} waits for the prompts in work. */
public sealed interface PromptTokenizer extends AutoCloseable permits ClipTokenizer, JsonTokenizer {

    /** Names of the files that may be in a {@code tokenizer} folder and say how it works. */
    List<String> FILES = List.of(
            "tokenizer.json",
            "vocab.json",
            "merges.txt",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json");

    /**
     * Loads the native library, if it is not yet. If that fails, opening a tokenizer says why; a thread that is interrupted
     * meanwhile would spoil it for the whole life of the JVM, so it is for threads that nobody interrupts.
     */
    static void load() {
        try {
            NativeTokenizer.load();
        } catch (ModelException e) {
            LoggerFactory.getLogger(PromptTokenizer.class).debug("The tokenizers library cannot be loaded", e);
        }
    }

    /**
     * Turns a prompt into ids; of one that is too long the start is kept, and what the tokenizer puts behind it.
     *
     * @throws IllegalArgumentException if the prompt is not valid Unicode: half of a surrogate pair stands alone
     * @throws ModelException if a character has no token in a reduced vocabulary
     * @throws IllegalStateException after {@link #close}
     */
    TokenizedPrompt tokenize(String prompt);

    /** How many ids every prompt has, those that the tokenizer adds included. */
    int maxLength();

    /** Frees the native tokenizer; further prompts are refused. */
    @Override
    void close();

    /**
     * Checks what {@link #tokenize} asks of every prompt.
     *
     * @throws IllegalArgumentException if half of a surrogate pair stands alone
     */
    static void requireUnicode(String prompt) {
        for (int i = 0; i < prompt.length(); i++) {
            char c = prompt.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < prompt.length()
                    && Character.isLowSurrogate(prompt.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw new IllegalArgumentException(
                        "prompt must be valid Unicode, but has half of a surrogate pair (U+%04X) at index %d"
                                .formatted((int) c, i));
            }
        }
    }
}
