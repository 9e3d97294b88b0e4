package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * One model in the hub's cache: {@code models--owner--name/} with {@code blobs/} named by their hash, {@code
 * snapshots/<commit>/} of links to them, and {@code refs/<revision>} that hold a commit. Thread-safe, also between
 * processes.
 *
 * @see <a href="https://huggingface.co/docs/hub/local-cache">the layout</a>
 */
final class RepoCache {
    private static final long MAX_REF_BYTES = 1024;

    private final RepoName repo;
    private final Path folder;
    private final Path locks;

    RepoCache(Path cache, RepoName repo) {
        String name = "models--" + repo.id().replace("/", "--");
        this.repo = repo;
        this.folder = cache.resolve(name);
        this.locks = cache.resolve(".locks").resolve(name);
    }

    /** The commit that the revision stood for when it was downloaded. */
    Optional<String> commit() {
        if (Listing.isCommit(repo.revision())) {
            return Optional.of(repo.revision());
        }
        Path ref = ref();
        try {
            if (!Files.isRegularFile(ref) || Files.size(ref) > MAX_REF_BYTES) {
                return Optional.empty();
            }
            return Optional.of(Files.readString(ref).strip()).filter(Listing::isCommit);
        } catch (IOException e) {
            throw new DownloadException("%s cannot be read: %s".formatted(ref, e), e);
        }
    }

    /** Notes what the revision stands for now. */
    void remember(String commit) {
        if (commit().filter(commit::equals).isEmpty()) {
            createFolder(parent(ref()));
            AtomicFile.write(ref(), commit.getBytes(StandardCharsets.US_ASCII));
        }
    }

    private Path ref() {
        return folder.resolve("refs").resolve(repo.revision());
    }

    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    Path blob(ContentHash hash) {
        return folder.resolve("blobs").resolve(hash.hex());
    }

    /** What has arrived of a blob; a name that no other tool writes to. */
    Path unfinished(ContentHash hash) {
        return folder.resolve("blobs").resolve(hash.hex() + ".swiftbrush.incomplete");
    }

    Path lock(ContentHash hash) {
        createFolder(locks);
        return locks.resolve(hash.hex() + ".lock");
    }

    void createBlobs() {
        createFolder(folder.resolve("blobs"));
    }

    /** Whether the file is there, in the snapshot or as a blob. */
    boolean has(String commit, RepoFile file) {
        return Files.exists(snapshot(commit).resolve(file.path())) || hasBlob(file);
    }

    /** Where a file that is there can be read. */
    Path path(String commit, RepoFile file) {
        Path pointer = snapshot(commit).resolve(file.path());
        return Files.exists(pointer) ? pointer : blob(file.hash());
    }

    boolean hasBlob(RepoFile file) {
        return size(blob(file.hash())) == file.bytes();
    }

    long unfinishedBytes(RepoFile file) {
        return Math.max(0, Math.min(file.bytes(), size(unfinished(file.hash()))));
    }

    /** Bytes, or -1 if there is no such file. */
    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return -1;
        }
    }

    /** @throws DownloadException if there is less room than {@code bytes} */
    void requireRoom(long bytes) {
        createBlobs();
        long free;
        try {
            FileStore disk = Files.getFileStore(folder);
            free = disk.getUsableSpace();
        } catch (IOException e) {
            return; // not every file system tells; a full one then fails the write
        }
        if (bytes > free) {
            throw new DownloadException(
                    "%s needs %s more, but the disk of %s has %s free; free some, or set HF_HUB_CACHE to a folder on another disk"
                            .formatted(repo, Sizes.megabytes(bytes), folder, Sizes.megabytes(free)));
        }
    }

    /** Makes a blob appear in a snapshot: as a relative symbolic link; else a hard link; else a copy. */
    void link(String commit, RepoFile file) {
        Path snapshot = snapshot(commit);
        Path pointer = snapshot.resolve(file.path());
        if (Files.exists(pointer)) {
            return;
        }
        createFolder(parent(pointer));
        Path blob = blob(file.hash());
        try {
            Files.deleteIfExists(pointer); // a link to what is not there any more
            try {
                Files.createSymbolicLink(pointer, parent(pointer).relativize(blob));
            } catch (FileAlreadyExistsException e) {
                throw e;
            } catch (IOException | UnsupportedOperationException e) {
                linkHard(pointer, blob); // Windows wants a privilege for symbolic links
            }
        } catch (FileAlreadyExistsException e) {
            // another process was first
        } catch (IOException e) {
            throw new DownloadException("%s cannot be written: %s".formatted(pointer, e), e);
        }
    }

    static void linkHard(Path pointer, Path blob) throws IOException {
        try {
            Files.createLink(pointer, blob);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (IOException | UnsupportedOperationException e) {
            Path copy = Files.createTempFile(parent(pointer), ".", ".tmp");
            try {
                Files.copy(blob, copy, StandardCopyOption.REPLACE_EXISTING);
                Files.move(copy, pointer, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(copy);
            }
        }
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " has no parent");
        }
        return parent;
    }

    private static void createFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new DownloadException(
                    "The hub's cache folder %s cannot be created: %s; set HF_HUB_CACHE to one that can be written to"
                            .formatted(folder, e),
                    e);
        }
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
