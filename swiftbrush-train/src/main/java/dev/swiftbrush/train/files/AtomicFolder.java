package dev.swiftbrush.train.files;

import dev.swiftbrush.runtime.weights.AtomicFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that appears under its name whole or not at all: filled beside it under a hidden name, flushed to the disk and
 * moved by {@link #commit}. Closed without that, it leaves nothing behind; {@link #sweep} removes what a process left that
 * was killed. Use from one thread.
 */
public final class AtomicFolder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AtomicFolder.class);
    private static final String UNFINISHED = "\\.(?:%s)\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp";

    private final Path target;
    private final Path unfinished;

    private AtomicFolder(Path target, Path unfinished) {
        this.target = target;
        this.unfinished = unfinished;
    }

    /**
     * Makes an empty folder beside {@code target}, whose parent must exist.
     *
     * @throws StorageException if the disk refuses
     */
    public static AtomicFolder create(Path target) {
        Path unfinished = hidden(target);
        try {
            Files.createDirectory(unfinished);
        } catch (IOException e) {
            throw StorageException.cannotWrite(unfinished, e);
        }
        return new AtomicFolder(target, unfinished);
    }

    /** Where to write; gone after {@link #commit} and {@link #close}. */
    public Path path() {
        return unfinished;
    }

    /**
     * Flushes everything to the disk and gives the folder its name. What is there already is replaced if it is an empty
     * folder.
     *
     * @throws StorageException if the disk refuses, or something is under that name
     */
    public void commit() {
        try {
            force(unfinished);
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
            forceOne(parent(target));
        } catch (IOException e) {
            throw StorageException.cannotWrite(target, e);
        }
    }

    /**
     * {@link #commit}, in place of a folder that is there. A process killed at the worst moment leaves the old one under a
     * hidden name.
     *
     * @throws StorageException if the disk refuses
     */
    public void commitReplacing() {
        Path old = hidden(target);
        try {
            force(unfinished);
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
            try {
                Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
                throw e;
            }
            forceOne(parent(target));
            delete(old);
        } catch (IOException e) {
            throw StorageException.cannotWrite(target, e);
        }
    }

    /** Removes what was not committed. */
    @Override
    public void close() {
        try {
            delete(unfinished);
        } catch (IOException e) {
            log.warn("{} could not be removed", unfinished, e);
        }
    }

    /**
     * Removes a folder so that a process killed meanwhile leaves no half of it under its name.
     *
     * @throws StorageException if the disk refuses
     */
    public static void remove(Path folder) {
        Path hidden = hidden(folder);
        try {
            Files.move(folder, hidden, StandardCopyOption.ATOMIC_MOVE);
            delete(hidden);
        } catch (IOException e) {
            throw new StorageException("%s cannot be removed: %s".formatted(folder, e), e);
        }
    }

    /**
     * Removes what killed processes left in {@code parent}: files and folders under the hidden names that {@link AtomicFile} and
     * this class give, and nothing else. No process may be writing there.
     *
     * @param names a regular expression for the names that they were to have
     * @throws StorageException if the disk refuses
     */
    public static void sweep(Path parent, String names) {
        Pattern ours = Pattern.compile(UNFINISHED.formatted(names));
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(
                parent,
                child -> ours.matcher(child.getFileName().toString()).matches() && !Files.isSymbolicLink(child))) {
            for (Path leftover : leftovers) {
                delete(leftover);
                log.info("Removed {}, which a process that was killed had left", leftover);
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw new StorageException("%s cannot be swept: %s".formatted(parent, e), e);
        }
    }

    private static Path hidden(Path target) {
        return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    }

    private static Path parent(Path target) {
        Path parent = target.toAbsolutePath().getParent();
        return parent == null ? target : parent;
    }

    private static void delete(Path folder) throws IOException {
        if (Files.notExists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path each, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(each);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void force(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                forceOne(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path each, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                forceOne(each);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void forceOne(Path fileOrFolder) throws IOException {
        try (FileChannel channel = FileChannel.open(fileOrFolder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) { // Windows opens no folders
            if (!Files.isDirectory(fileOrFolder)) {
                throw e;
            }
        }
    }
}
