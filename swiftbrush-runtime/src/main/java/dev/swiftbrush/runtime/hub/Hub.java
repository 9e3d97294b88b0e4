package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import dev.swiftbrush.DownloadListener;
import dev.swiftbrush.ModelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Models by their names on a hub: taken from the cache that this machine's other tools for the hub use, or downloaded
 * into it. Thread-safe, also between processes.
 */
public final class Hub {
    private static final Logger log = LoggerFactory.getLogger(Hub.class);
    private static final int AT_ONCE = 4;
    private static final long MAX_SMALL_BYTES = 64 << 20;

    private final HubSettings settings;
    private final List<DownloadListener> listeners;

    public Hub(HubSettings settings, List<DownloadListener> listeners) {
        this.settings = settings;
        this.listeners = List.copyOf(listeners);
    }

    /** Looks at a model before its weights are downloaded. */
    @FunctionalInterface
    public interface Check {

        /**
         * @param folder with all of the model but its weights
         * @param onnx whether its networks are ONNX files
         * @throws ModelException if it is not wanted
         */
        void accept(Path folder, boolean onnx);
    }

    /**
     * A model on this machine.
     *
     * @param folder in diffusers layout, or of ONNX files
     * @param commit what the model's name stood for
     */
    public record Snapshot(Path folder, String commit) {}

    /**
     * Finds a model in the cache, where nothing is asked of the hub; else downloads what is missing.
     *
     * @param id {@code owner/name}, safe to build paths and addresses from, as is {@code revision}
     * @param revision a branch, tag or commit, or null for {@code main}
     * @param preferFp16 whether weights of the {@code fp16} variant are downloaded where there are both
     * @param check is asked when all but the weights is there, and may refuse the model by throwing
     * @throws DownloadException if the model cannot be got
     * @throws ModelException if it is not in diffusers layout or has no weights that can be used
     */
    public Snapshot open(String id, @Nullable String revision, boolean preferFp16, Check check) {
        RepoName repo = new RepoName(id, revision == null ? RepoName.DEFAULT_REVISION : revision);
        RepoCache cache = new RepoCache(settings.cache(), repo);
        Optional<Snapshot> cached = cache.commit()
                .map(commit -> new Snapshot(cache.snapshot(commit), commit))
                .filter(snapshot -> ModelFiles.areIn(snapshot.folder()));
        if (cached.isPresent()) {
            log.debug("{} is in the cache: {}", repo, cached.get());
            return cached.get();
        }
        if (settings.offline()) {
            throw new DownloadException(
                    "%s is not, or not whole, in the hub's cache %s, and HF_HUB_OFFLINE forbids to download it; unset that, or set HF_HUB_CACHE to where it is"
                            .formatted(repo, settings.cache()));
        }
        try (HubClient client = new HubClient(settings)) {
            return new Download(client, repo, cache, client.list(repo)).run(preferFp16, check);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DownloadException(
                    "The download of %s was interrupted; what has arrived is kept".formatted(repo), e);
        }
    }

    /** A model's way into the cache. Use from one thread. */
    private final class Download {
        private final HubClient client;
        private final RepoName repo;
        private final RepoCache cache;
        private final Listing listing;
        private final Map<String, RepoFile> known = new LinkedHashMap<>();

        Download(HubClient client, RepoName repo, RepoCache cache, Listing listing) {
            this.client = client;
            this.repo = repo;
            this.cache = cache;
            this.listing = listing;
        }

        /** Small files first, which tell whether the model is wanted; the links to weights last, when all are there. */
        Snapshot run(boolean preferFp16, Check check) throws InterruptedException {
            String commit = listing.commit();
            if (!listing.paths().contains(ModelFiles.INDEX)) {
                throw new ModelException(
                        "%s has no %s; a model in diffusers layout was expected".formatted(repo, ModelFiles.INDEX));
            }
            List<RepoFile> small = files(ModelFiles.small(listing.paths()));
            List<RepoFile> indices = files(ModelFiles.indices(listing.paths(), preferFp16));
            requireSmall(small, MAX_SMALL_BYTES);
            requireSmall(indices, ModelFiles.MAX_SHARD_INDEX_BYTES);
            cache.createBlobs();
            fetch(Stream.concat(small.stream(), indices.stream()).toList(), List.of());
            small.forEach(file -> cache.link(commit, file));
            Path folder = cache.snapshot(commit);
            check.accept(folder, ModelFiles.areOnnx(listing.paths()));

            List<RepoFile> weights = files(ModelFiles.weights(
                    repo.toString(), listing.paths(), preferFp16, index -> cache.path(commit, file(index))));
            long bytes = weights.stream().mapToLong(RepoFile::bytes).sum();
            long missing = weights.stream()
                    .filter(file -> !cache.has(commit, file))
                    .mapToLong(file -> file.bytes() - cache.unfinishedBytes(file))
                    .sum();
            cache.requireRoom(missing);
            log.info("Downloading {} ({} of {}) to {}", repo, Sizes.megabytes(missing), Sizes.megabytes(bytes), cache);
            long start = System.nanoTime();
            fetch(weights, listeners);
            Stream.concat(weights.stream(), indices.stream()).forEach(file -> cache.link(commit, file));
            cache.remember(commit);
            long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
            log.info("Downloaded {} at commit {} in {} ms", repo, commit, millis);
            return new Snapshot(folder, commit);
        }

        private List<RepoFile> files(Collection<String> paths) throws InterruptedException {
            for (String path : paths) {
                if (!known.containsKey(path)) {
                    Optional<RepoFile> listed = listing.files().getOrDefault(path, Optional.empty());
                    known.put(path, listed.isPresent() ? listed.get() : client.describe(repo, listing.commit(), path));
                }
            }
            return paths.stream().map(this::file).toList();
        }

        private RepoFile file(String path) {
            RepoFile file = known.get(path);
            if (file == null) {
                throw new IllegalArgumentException(path);
            }
            return file;
        }

        private void requireSmall(List<RepoFile> files, long most) {
            for (RepoFile file : files) {
                if (file.bytes() > most) {
                    throw new ModelException("%s of %s has %d bytes; at most %d are read"
                            .formatted(file.path(), repo, file.bytes(), most));
                }
            }
        }

        /** Several at once, each content once. The first failure stops the others and is thrown. */
        private void fetch(List<RepoFile> files, List<DownloadListener> told) throws InterruptedException {
            Collection<RepoFile> blobs = files.stream()
                    .collect(Collectors.toMap(RepoFile::hash, Function.identity(), (a, b) -> a, LinkedHashMap::new))
                    .values();
            Progress progress = new Progress(repo.toString(), blobs, told);
            progress.begin();
            BlobDownload download =
                    new BlobDownload(client, settings.patience(), cache, repo, listing.commit(), progress);
            ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE, Hub::daemon);
            try {
                CompletionService<RepoFile> work = new ExecutorCompletionService<>(threads);
                for (RepoFile blob : blobs) {
                    work.submit(() -> {
                        download.fetch(blob);
                        return blob;
                    });
                }
                for (int i = 0; i < blobs.size(); i++) {
                    work.take().get();
                }
            } catch (ExecutionException e) {
                stop(threads);
                throw unwrapped(e);
            } catch (InterruptedException e) {
                stop(threads);
                throw e;
            } finally {
                threads.shutdown();
            }
        }

        private void stop(ExecutorService threads) throws InterruptedException {
            threads.shutdownNow();
            client.close();
            threads.awaitTermination(1, TimeUnit.MINUTES);
        }
    }

    private static RuntimeException unwrapped(ExecutionException e) throws InterruptedException {
        Throwable cause = e.getCause();
        if (cause instanceof InterruptedException interrupted) {
            throw interrupted;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException runtime ? runtime : new IllegalStateException(cause);
    }

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "swiftbrush-hub-" + NUMBERS.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }
}
