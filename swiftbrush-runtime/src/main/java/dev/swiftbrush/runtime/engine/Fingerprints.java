package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SHA-256 of files, remembered between runs: gigabytes of weights are read once, and again only when a file's size or
 * times change. Thread-safe, also between processes.
 */
final class Fingerprints {
    private static final Logger log = LoggerFactory.getLogger(Fingerprints.class);
    private static final HexFormat HEX = HexFormat.of();
    private static final int BUFFER_BYTES = 1 << 20;
    private static final long LARGE_BYTES = 256L << 20;

    private final Path memory;

    /** @param memory a folder of this object's own; created when needed, and done without where it cannot be */
    Fingerprints(Path memory) {
        this.memory = memory;
    }

    /** The SHA-256 of a file's content, in hex. */
    String of(Path file) {
        try {
            Path real = file.toRealPath();
            String state = state(real);
            Path note = memory.resolve(sha256(real.toString()));
            String remembered = read(note);
            if (remembered.startsWith(state + "\n")) {
                return remembered.substring(state.length() + 1);
            }
            String hash = hash(real);
            if (state(real).equals(state)) {
                remember(note, state + "\n" + hash);
            }
            return hash;
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(file, e), e);
        }
    }

    static String sha256(String text) {
        return HEX.formatHex(digest().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    static String sha256(byte[] content) {
        return HEX.formatHex(digest().digest(content));
    }

    /** What changes when a file does: on Unix also the time of change, which no program can set back. */
    static String state(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        Object changed = file.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS)
                : "";
        return "size=%d modified=%s changed=%s key=%s"
                .formatted(attributes.size(), attributes.lastModifiedTime(), changed, attributes.fileKey());
    }

    private static String hash(Path file) throws IOException {
        MessageDigest digest = digest();
        if (Files.size(file) >= LARGE_BYTES) {
            log.info("Reading {} ({} MB) to know it again; this happens once", file, Files.size(file) / 1_000_000);
        }
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            while (in.read(buffer) >= 0) {
                continue; // the stream digests as it is read
            }
        }
        return HEX.formatHex(digest.digest());
    }

    private static String read(Path note) {
        try {
            return Files.size(note) <= 1024 ? Files.readString(note) : "";
        } catch (IOException e) { // not there, or not text
            return "";
        }
    }

    private void remember(Path note, String content) {
        try {
            Files.createDirectories(memory);
            AtomicFile.write(note, content.getBytes(StandardCharsets.UTF_8));
        } catch (IOException | ModelException e) {
            log.debug("{} cannot be written, so the file is read again next time", note, e);
        }
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
