package dev.swiftbrush;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** A file that is there whole or not at all. */
final class AtomicFile {

    /** Writes a file's content. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes a file beside {@code target} and moves it there, replacing what was there.
     *
     * @throws SwiftBrushException if that fails; nothing half-written is left, and an older file is untouched
     */
    static void write(Path target, Content content) {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(target)) {
            throw new SwiftBrushException("Cannot write " + target + ": it is a folder; name a file in it");
        }
        if (!Files.isDirectory(folder)) {
            throw new SwiftBrushException(
                    "Cannot write " + target + ": there is no folder " + folder + "; create it first");
        }
        // not createTempFile, whose files only their owner may read
        Path partial = folder.resolve(".swiftbrush-" + UUID.randomUUID() + ".tmp");
        try {
            writeAndMove(partial, target, content);
        } catch (IOException e) {
            throw new SwiftBrushException("Cannot write " + target + ": " + e, e);
        }
    }

    private static void writeAndMove(Path partial, Path target, Content content) throws IOException {
        try {
            try (OutputStream out = new BufferedOutputStream(
                    Files.newOutputStream(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
                content.writeTo(out);
            }
            move(partial, target);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static void move(Path partial, Path target) throws IOException {
        try {
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
