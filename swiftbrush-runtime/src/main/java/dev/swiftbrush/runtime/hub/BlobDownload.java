package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings files of one commit into the cache: each under a name of its own until it is whole and has its hash, from where
 * an earlier attempt ended, and by one process at a time. Thread-safe.
 */
final class BlobDownload {
    private static final Logger log = LoggerFactory.getLogger(BlobDownload.class);
    private static final int BUFFER_BYTES = 1 << 16;
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-.*");

    private final HubClient client;
    private final Patience patience;
    private final RepoCache cache;
    private final RepoName repo;
    private final String commit;
    private final Progress progress;

    BlobDownload(
            HubClient client, Patience patience, RepoCache cache, RepoName repo, String commit, Progress progress) {
        this.client = client;
        this.patience = patience;
        this.cache = cache;
        this.repo = repo;
        this.commit = commit;
        this.progress = progress;
    }

    void fetch(RepoFile file) throws InterruptedException {
        if (!cache.has(commit, file)) {
            try (FileMutex mutex = FileMutex.take(cache.lock(file.hash()))) {
                if (!cache.hasBlob(file)) { // another process may have been at it
                    log.debug("Downloading {} of {}", file, repo);
                    download(file);
                }
            }
        }
        progress.done(file);
    }

    private void download(RepoFile file) throws InterruptedException {
        Path unfinished = cache.unfinished(file.hash());
        receive(file, unfinished);
        String found = hash(file, unfinished);
        if (!found.equals(file.hash().hex())) {
            log.warn("{} of {} has arrived damaged; downloading it anew", file.path(), repo);
            delete(unfinished); // what an earlier attempt left may have been damaged, so once more from the beginning
            receive(file, unfinished);
            found = hash(file, unfinished);
        }
        if (!found.equals(file.hash().hex())) {
            delete(unfinished);
            throw new DownloadException(
                    "%s of %s arrived with the %s %s twice, but the hub promises %s; something between here and the hub changes it, or the hub's copy is damaged"
                            .formatted(
                                    file.path(),
                                    repo,
                                    file.hash().algorithm(),
                                    found,
                                    file.hash().hex()));
        }
        try {
            Files.move(unfinished, cache.blob(file.hash()), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw cannotWrite(cache.blob(file.hash()), e);
        }
    }

    private void receive(RepoFile file, Path unfinished) throws InterruptedException {
        Retries retries = new Retries("%s of %s".formatted(file.path(), repo), patience);
        retries.run(() -> {
            receive(file, unfinished, retries);
            return unfinished;
        });
    }

    /** One attempt. */
    private void receive(RepoFile file, Path unfinished, Retries retries) throws IOException, InterruptedException {
        try (Unfinished out = new Unfinished(unfinished)) {
            long at = out.keep(file.bytes());
            progress.at(file, at);
            if (at == file.bytes()) {
                return;
            }
            try (Response answer = client.open(repo, commit, file, at)) {
                long from = begin(answer);
                if (from != at) {
                    at = 0;
                    out.drop();
                    if (from != 0) {
                        throw new IOException("the hub sent other bytes than those asked for");
                    }
                }
                byte[] buffer = new byte[BUFFER_BYTES];
                for (int n = answer.read(buffer); n >= 0; n = answer.read(buffer)) {
                    if (n > file.bytes() - at) {
                        throw new DownloadException("%s of %s is longer than the %d bytes that the hub promised"
                                .formatted(file.path(), repo, file.bytes()));
                    }
                    out.write(buffer, n);
                    at += n;
                    progress.at(file, at);
                    retries.reached(at);
                }
            }
            if (at < file.bytes()) {
                throw new IOException("the connection ended after %d of %d bytes".formatted(at, file.bytes()));
            }
            out.flush();
        }
    }

    /** Where the body begins within the file; -1 if nowhere. */
    private static long begin(Response answer) {
        if (answer.status() == 200) {
            return 0;
        }
        Matcher range = RANGE.matcher(answer.header("Content-Range"));
        return answer.status() == 206 && range.matches() ? Long.parseLong(range.group(1)) : -1;
    }

    private static String hash(RepoFile file, Path unfinished) {
        try {
            return file.hash().of(unfinished);
        } catch (IOException e) {
            throw new DownloadException("%s cannot be read: %s".formatted(unfinished, e), e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }

    private static DownloadException cannotWrite(Path file, IOException e) {
        return new DownloadException("%s cannot be written: %s".formatted(file, e.getMessage()), e);
    }

    /** What has arrived so far. Its failures are the disk's, which no other attempt mends. */
    private static final class Unfinished implements AutoCloseable {
        private final Path path;
        private final RandomAccessFile file;

        Unfinished(Path path) {
            this.path = path;
            try {
                this.file = new RandomAccessFile(path.toFile(), "rw");
            } catch (IOException e) {
                throw cannotWrite(path, e);
            }
        }

        /** Goes to the end of what is there, if it is no more than {@code most}; else drops it. */
        long keep(long most) {
            try {
                if (file.length() > most) {
                    file.setLength(0);
                }
                file.seek(file.length());
                return file.length();
            } catch (IOException e) {
                throw cannotWrite(path, e);
            }
        }

        void drop() {
            try {
                file.setLength(0);
                file.seek(0);
            } catch (IOException e) {
                throw cannotWrite(path, e);
            }
        }

        void write(byte[] bytes, int count) {
            try {
                file.write(bytes, 0, count);
            } catch (IOException e) {
                throw cannotWrite(path, e);
            }
        }

        void flush() {
            try {
                file.getFD().sync();
            } catch (IOException e) {
                throw cannotWrite(path, e);
            }
        }

        @Override
        public void close() {
            try {
                file.close();
            } catch (IOException e) {
                throw cannotWrite(path, e);
            }
        }
    }
}
