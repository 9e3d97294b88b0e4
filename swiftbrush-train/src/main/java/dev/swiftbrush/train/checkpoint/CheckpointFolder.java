package dev.swiftbrush.train.checkpoint;

import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.train.files.AtomicFolder;
import dev.swiftbrush.train.files.FolderLock;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run, each a folder {@code step-00001000} with whatever the run needs to go on and a manifest of
 * sizes and SHA-256 sums. A process may be killed at any moment: a checkpoint is there whole or not at all, and an older
 * one goes only when a newer one is in place.
 *
 * <p>One process at a time has the folder open. Use from one thread.
 */
public final class CheckpointFolder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CheckpointFolder.class);
    private static final String PREFIX = "step-";
    private static final String NAMES = PREFIX + "(\\d{8}|[1-9]\\d{8,17})";

    private final Path folder;
    private final int kept;
    private final FolderLock lock;

    private CheckpointFolder(Path folder, int kept, FolderLock lock) {
        this.folder = folder;
        this.kept = kept;
        this.lock = lock;
    }

    /** A checkpoint that is whole. */
    public record Saved(long step, Path folder) {}

    /** Writes what a checkpoint holds. */
    @FunctionalInterface
    public interface Writer {
        /** @param folder empty; files and folders may be made in it, and none of them be called {@code manifest.json} */
        void write(Path folder) throws IOException;
    }

    /**
     * Opens the folder, which is made if needed, and removes what a killed process left there.
     *
     * @param kept how many checkpoints stay, at least 1
     * @throws StorageException if another process has it open, or the disk refuses
     */
    public static CheckpointFolder open(Path folder, int kept) {
        if (kept < 1) {
            throw new IllegalArgumentException("at least 1 checkpoint must be kept, but kept was " + kept);
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw StorageException.cannotWrite(folder, e);
        }
        FolderLock lock = FolderLock.acquire(folder);
        try {
            AtomicFolder.sweep(folder, NAMES);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
        return new CheckpointFolder(folder, kept, lock);
    }

    /**
     * Saves a checkpoint, and then removes those that are too many.
     *
     * @param step of the run, above that of every checkpoint that is there
     * @throws StorageException if the disk refuses; the checkpoints from before are untouched
     */
    public Saved save(long step, Writer writer) {
        List<Saved> before = list(folder);
        long last = before.isEmpty() ? -1 : before.get(0).step();
        if (step <= last || step < 0) {
            throw new IllegalArgumentException(
                    "step must be above %d, the last that %s holds, but was %d".formatted(last, folder, step));
        }
        Path target = folder.resolve(name(step));
        try (AtomicFolder unfinished = AtomicFolder.create(target)) {
            write(writer, unfinished.path());
            Manifest.of(step, unfinished.path()).write(unfinished.path());
            unfinished.commit();
        }
        before.stream().skip(kept - 1L).forEach(CheckpointFolder::remove);
        return new Saved(step, target);
    }

    private static void write(Writer writer, Path into) {
        try {
            writer.write(into);
        } catch (IOException e) {
            throw StorageException.cannotWrite(into, e);
        }
    }

    private static void remove(Saved superseded) {
        try {
            AtomicFolder.remove(superseded.folder());
        } catch (StorageException e) { // the new one is in place all the same
            log.warn("Too many checkpoints are kept, since one cannot be removed", e);
        }
    }

    /**
     * The newest checkpoint that is whole. Newer ones that are not are warned of and set aside under names that begin with
     * {@code damaged-}, for the run goes on from before them.
     *
     * @return empty if there are none at all
     * @throws StorageException if there are some and all are damaged; the message says how, and none is set aside
     */
    public Optional<Saved> latest() {
        List<Damage> damaged = new ArrayList<>();
        Optional<Saved> latest = find(folder, damaged);
        damaged.forEach(each -> setAside(each.checkpoint()));
        return latest;
    }

    /**
     * The newest checkpoint in {@code folder} that is whole, found without opening it, while a run may be writing there.
     * Newer ones that are not are warned of.
     *
     * @return empty if there are none at all
     * @throws StorageException if there are some and all are damaged; the message says how
     */
    public static Optional<Saved> latest(Path folder) {
        return find(folder, new ArrayList<>());
    }

    private record Damage(Saved checkpoint, String reason) {
        @Override
        public String toString() {
            return "%s (%s)".formatted(checkpoint.folder().getFileName(), reason);
        }
    }

    private static Optional<Saved> find(Path folder, List<Damage> damaged) {
        for (Saved checkpoint : list(folder)) {
            try {
                Manifest.verify(checkpoint.step(), checkpoint.folder());
                for (Damage each : damaged) {
                    log.warn(
                            "Checkpoint {} is damaged; falling back to {}",
                            each,
                            checkpoint.folder().getFileName());
                }
                return Optional.of(checkpoint);
            } catch (SwiftBrushException e) {
                damaged.add(new Damage(checkpoint, String.valueOf(e.getMessage())));
            }
        }
        if (damaged.isEmpty()) {
            return Optional.empty();
        }
        throw new StorageException("All %d checkpoints in %s are damaged: %s; restore one, or begin in another folder"
                .formatted(
                        damaged.size(),
                        folder,
                        damaged.stream().map(Damage::toString).collect(Collectors.joining(", "))));
    }

    private static void setAside(Saved damaged) {
        Path aside = damaged.folder().resolveSibling("damaged-" + name(damaged.step()) + "-" + UUID.randomUUID());
        try {
            Files.move(damaged.folder(), aside, StandardCopyOption.ATOMIC_MOVE);
            log.warn("Set aside as {}; remove it when you have seen enough of it", aside);
        } catch (IOException e) {
            throw StorageException.cannotWrite(aside, e);
        }
    }

    /** By step, the newest first. */
    private static List<Saved> list(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))
                    .filter(child -> child.getFileName().toString().matches(NAMES))
                    .map(child -> new Saved(step(child), child))
                    .sorted(Comparator.comparingLong(Saved::step).reversed())
                    .toList();
        } catch (IOException e) {
            throw StorageException.cannotRead(folder, e);
        }
    }

    private static String name(long step) {
        return String.format(Locale.ROOT, PREFIX + "%08d", step);
    }

    private static long step(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString().substring(PREFIX.length()));
    }

    /** Lets another process open the folder. */
    @Override
    public void close() {
        lock.close();
    }
}
