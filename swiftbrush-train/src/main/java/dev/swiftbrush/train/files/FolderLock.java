package dev.swiftbrush.train.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to write to a folder, which one process has at a time; the operating system takes it back when the process
 * ends, however it does. Thread-safe.
 */
public final class FolderLock implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FolderLock.class);
    private static final String FILE = ".lock";

    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock of {@code folder}, which must exist. Its file stays there.
     *
     * @throws StorageException if another process or this one has it; the message names the process
     */
    public static FolderLock acquire(Path folder) {
        Path file = folder.resolve(FILE);
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!isFree(channel)) {
                channel.close();
                throw new StorageException(
                        "%s is being written to by process %s; wait for it to end, or choose another folder"
                                .formatted(folder, holder(file)));
            }
            String process = Long.toString(ProcessHandle.current().pid());
            channel.truncate(0).write(ByteBuffer.wrap(process.getBytes(StandardCharsets.US_ASCII)));
            return new FolderLock(channel);
        } catch (IOException e) {
            throw StorageException.cannotWrite(file, e);
        }
    }

    private static boolean isFree(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock(); // released with the channel
            return lock != null;
        } catch (OverlappingFileLockException e) { // held by this process
            return false;
        }
    }

    private static String holder(Path file) {
        try {
            String process = Files.readString(file, StandardCharsets.US_ASCII);
            return process.matches("\\d{1,10}") ? process : "unknown";
        } catch (IOException e) { // Windows lets nobody else read
            return "unknown";
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            log.warn("A lock could not be given back before this process ends", e);
        }
    }
}
