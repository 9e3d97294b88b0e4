package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.ModelException;
import java.nio.file.Path;

/**
 * A token that is found in the text before anything is split, with the flags of the tokenizers library.
 *
 * @param normalized whether it is looked for in the normalised (lower-case) text instead of the prompt as written
 */
record AddedToken(
        String content, boolean singleWord, boolean lstrip, boolean rstrip, boolean normalized, boolean special) {

    /** A token that the files give by its text alone. */
    static AddedToken special(String content) {
        return new AddedToken(content, false, false, false, false, true);
    }

    /**
     * Reads a token written as a string or as an object.
     *
     * @param special what an object without the key {@code special} means
     * @throws ModelException if it is neither, or its text is empty
     */
    static AddedToken read(Path file, String key, JsonNode token, boolean special) {
        JsonNode content = token.isObject() ? token.path("content") : token;
        if (!content.isTextual() || content.textValue().isEmpty()) {
            throw new ModelException("%s: %s must be a token's text or an object with its content, but was %s"
                    .formatted(file, key, JsonFiles.excerpt(token)));
        }
        if (!token.isObject()) {
            return special(content.textValue());
        }
        boolean isSpecial = flag(file, key, token, "special", special);
        return new AddedToken(
                content.textValue(),
                flag(file, key, token, "single_word", false),
                flag(file, key, token, "lstrip", false),
                flag(file, key, token, "rstrip", false),
                flag(file, key, token, "normalized", !isSpecial),
                isSpecial);
    }

    AddedToken asSpecial() {
        return special ? this : new AddedToken(content, singleWord, lstrip, rstrip, normalized, true);
    }

    private static boolean flag(Path file, String key, JsonNode token, String name, boolean fallback) {
        JsonNode value = token.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return fallback;
        }
        if (!value.isBoolean()) {
            throw new ModelException("%s: %s of %s must be true or false, but was %s"
                    .formatted(file, name, key, JsonFiles.excerpt(value)));
        }
        return value.booleanValue();
    }
}
