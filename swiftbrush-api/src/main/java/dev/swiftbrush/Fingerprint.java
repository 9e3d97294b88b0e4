package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a model consists of, by content: the SHA-256 of every file that an image depends on, and of the recipe. Immutable
 * and thread-safe.
 *
 * @param parts SHA-256 in lower-case hex by path within the model, with slashes: configurations, weights and the
 *     tokenizer's files; {@code recipe} is that of the recipe's numbers
 */
public record Fingerprint(SortedMap<String, String> parts) {

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    /**
     * Copies the map.
     *
     * @throws IllegalArgumentException if it is absent or empty, or a value is no SHA-256 in lower-case hex
     */
    public Fingerprint {
        requirePresent(parts, "parts");
        requireArgument(!parts.isEmpty(), "parts must not be empty");
        parts = Collections.unmodifiableSortedMap(new TreeMap<>(parts));
        parts.forEach((path, hash) ->
                requireArgument(isSha256(hash), "%s must have a SHA-256 in lower-case hex, but has %s", path, hash));
    }

    static boolean isSha256(String text) {
        return SHA256.matcher(text).matches();
    }

    /**
     * Returns one hash for all: the SHA-256, in lower-case hex, of the lines that {@code sha256sum} would write for the
     * parts in the order of their paths, each ended by a line feed.
     */
    public String sha256() {
        String lines = parts.entrySet().stream().map(Fingerprint::line).collect(Collectors.joining());
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(lines.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static String line(Map.Entry<String, String> part) {
        return part.getValue() + "  " + part.getKey() + "\n";
    }

    /** Returns {@link #sha256()}. */
    @Override
    public String toString() {
        return sha256();
    }
}
