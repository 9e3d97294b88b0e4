package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that appears under its name whole or not at all: written beside it under a hidden name, flushed to the disk and
 * moved by {@link #commit()}. Closed without that, it leaves nothing behind. Use from one thread.
 */
public final class AtomicFile implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(AtomicFile.class);

    private static final Pattern UNFINISHED =
            Pattern.compile("\\..+\\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp");
    private static final Duration ABANDONED = Duration.ofHours(1);

    private final Path target;
    private final Path unfinished;
    private final FileChannel channel;

    private AtomicFile(Path target, Path unfinished, FileChannel channel) {
        this.target = target;
        this.unfinished = unfinished;
        this.channel = channel;
    }

    /**
     * Writes a small file.
     *
     * @throws ModelException if that fails; an older file is untouched
     */
    public static void write(Path target, byte[] content) {
        try (AtomicFile file = create(target)) {
            file.write(0, ByteBuffer.wrap(content));
            file.commit();
        }
    }

    /**
     * Removes what killed processes left unfinished in {@code folder} and the folders in it: files that nobody has written
     * to for an hour. Whatever cannot be removed stays.
     */
    public static void removeAbandoned(Path folder) {
        FileTime hourAgo = FileTime.from(Instant.now().minus(ABANDONED));
        try (Stream<Path> files = Files.find(
                folder,
                2,
                (file, attributes) -> attributes.isRegularFile()
                        && attributes.lastModifiedTime().compareTo(hourAgo) < 0
                        && UNFINISHED.matcher(file.getFileName().toString()).matches())) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
                log.debug("Removed {}, which a process left unfinished", file);
            }
        } catch (IOException | UncheckedIOException e) {
            log.debug("{} cannot be cleared of unfinished files: {}", folder, e.toString());
        }
    }

    /**
     * A file to be written.
     *
     * @throws ModelException if it cannot be made
     */
    public static AtomicFile create(Path target) {
        Path unfinished = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            return new AtomicFile(target, unfinished, channel);
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /** Writes all of {@code bytes} from its position to its limit. */
    public void write(long position, ByteBuffer bytes) {
        try {
            long at = position;
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /** Replaces the target. */
    public void commit() {
        try {
            channel.force(true);
            channel.close();
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /** Removes what was not committed. */
    @Override
    public void close() {
        try (channel) {
            Files.deleteIfExists(unfinished);
        } catch (IOException e) {
            log.warn("{} could not be removed", unfinished, e);
        }
    }

    @Override
    public String toString() {
        return target.toString();
    }

    private static ModelException cannotWrite(Path target, IOException e) {
        return new ModelException("%s cannot be written: %s".formatted(target, Messages.reason(e)), e);
    }
}
