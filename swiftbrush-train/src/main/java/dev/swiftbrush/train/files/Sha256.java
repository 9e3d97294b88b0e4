package dev.swiftbrush.train.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in lower-case hex. Use from one thread. */
public final class Sha256 {
    private static final int BUFFER_BYTES = 1 << 20;

    private final MessageDigest digest = digest();

    /** Hashes nothing yet. */
    public Sha256() {}

    /** The hash of a file's content. */
    public static String of(Path file) throws IOException {
        Sha256 hash = new Sha256();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                hash.digest.update(buffer, 0, count);
            }
        }
        return hash.hex();
    }

    /** Appends a text in a way that no other sequence of texts is appended in: its length in bytes before its UTF-8. */
    public Sha256 text(String text) {
        return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Appends bytes in the same way. */
    public Sha256 bytes(byte[] bytes) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            digest.update((byte) (bytes.length >>> shift));
        }
        digest.update(bytes);
        return this;
    }

    /** The hash of all that was appended, which begins anew. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
