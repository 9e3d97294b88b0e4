package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that appears under its name whole or not at all: written beside it under a hidden name, flushed to the disk and
 * moved by {@link #commit()}. Closed without that, it leaves nothing behind. Use from one thread.
 */
public final class AtomicFile implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(AtomicFile.class);

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

    static AtomicFile create(Path target) {
        Path unfinished = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            return new AtomicFile(target, unfinished, channel);
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
    }

    /** Writes all of {@code bytes} from its position to its limit. */
    void write(long position, ByteBuffer bytes) {
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
    void commit() {
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
