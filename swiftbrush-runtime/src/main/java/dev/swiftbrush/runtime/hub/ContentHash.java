package dev.swiftbrush.runtime.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a hub names a file's content by: the SHA-256 of a large file, the git blob hash of a small one. Immutable and
 * thread-safe.
 *
 * @param hex 64 or 40 lower-case hex digits, safe as the name of a file
 */
record ContentHash(String hex) {
    private static final Pattern FORM = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
    private static final int SHA256_DIGITS = 64;
    private static final int BUFFER_BYTES = 1 << 20;

    ContentHash {
        if (!FORM.matcher(hex).matches()) {
            throw new IllegalArgumentException("neither a SHA-256 nor a git hash: " + hex);
        }
    }

    /** Reads a hash, or an ETag that is one: {@code "abc"} or {@code W/"abc"}. */
    static Optional<ContentHash> parse(String text) {
        String bare = text.replaceFirst("^W/", "").replace("\"", "");
        return FORM.matcher(bare).matches() ? Optional.of(new ContentHash(bare)) : Optional.empty();
    }

    String algorithm() {
        return hex.length() == SHA256_DIGITS ? "SHA-256" : "git hash";
    }

    /** The hash, of this one's kind, of what is in {@code file} now. */
    String of(Path file) throws IOException {
        MessageDigest digest = digest();
        if (hex.length() != SHA256_DIGITS) {
            // how git names a blob
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private MessageDigest digest() {
        try {
            return MessageDigest.getInstance(hex.length() == SHA256_DIGITS ? "SHA-256" : "SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1 and SHA-256", e);
        }
    }
}
