package dev.swiftbrush.train.files;

import dev.swiftbrush.SwiftBrushException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * What a training run reads or writes on disk is absent, damaged, not what it was, or does not fit.
 *
 * <p>A retry fails the same way until the files or the disk change.
 */
public final class StorageException extends SwiftBrushException {

    private static final long serialVersionUID = 1L;

    /** Says what was asked, what was found and what to do. */
    public StorageException(String message) {
        super(message);
    }

    /** Says what was asked, what was found and what to do, and keeps the cause. */
    public StorageException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The file system refused to write {@code path}. */
    public static StorageException cannotWrite(Path path, IOException cause) {
        return new StorageException("%s cannot be written: %s".formatted(path, reason(cause)), cause);
    }

    /** The file system refused to read {@code path}. */
    public static StorageException cannotRead(Path path, IOException cause) {
        return new StorageException("%s cannot be read: %s".formatted(path, reason(cause)), cause);
    }

    /** The exceptions of file systems often carry nothing but the path. */
    private static String reason(IOException cause) {
        String reason = cause instanceof FileSystemException refused ? refused.getReason() : cause.getMessage();
        return reason == null ? cause.getClass().getSimpleName() : reason;
    }
}
