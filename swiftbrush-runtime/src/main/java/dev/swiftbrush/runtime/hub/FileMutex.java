package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that one thread of all processes on the machine holds at a time; the operating system frees it when a process
 * ends, however it ends. The file stays. Use from one thread.
 */
final class FileMutex implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FileMutex.class);
    private static final long POLL_MILLIS = 100;

    private final FileChannel channel;

    private FileMutex(FileChannel channel) {
        this.channel = channel;
    }

    /** Waits until nobody else holds {@code file}. */
    static FileMutex take(Path file) throws InterruptedException {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                boolean told = false;
                while (tryLock(channel) == null) {
                    if (!told) {
                        log.info("Waiting for another download of the same file, which holds {}", file);
                        told = true;
                    }
                    Thread.sleep(POLL_MILLIS);
                }
                return new FileMutex(channel);
            } catch (IOException | InterruptedException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new DownloadException("%s cannot be locked: %s".formatted(file, e), e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) { // a thread of this process
            return null;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("A lock could not be closed", e);
        }
    }
}
