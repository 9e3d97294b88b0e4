package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadListener;
import dev.swiftbrush.DownloadProgress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Adds up how far several files are, and tells the listeners at intervals. Thread-safe. */
final class Progress {
    private static final Logger log = LoggerFactory.getLogger(Progress.class);
    private static final long INTERVAL_NANOS = Duration.ofMillis(100).toNanos();

    private final String model;
    private final List<DownloadListener> listeners;
    private final long totalBytes;
    private final int totalFiles;
    private final Map<ContentHash, Long> arrived = new HashMap<>();
    private long doneBytes;
    private int doneFiles;
    private long told;
    private boolean complained;

    Progress(String model, Collection<RepoFile> files, List<DownloadListener> listeners) {
        this.model = model;
        this.listeners = listeners;
        this.totalBytes = files.stream().mapToLong(RepoFile::bytes).sum();
        this.totalFiles = files.size();
    }

    synchronized void begin() {
        tell();
    }

    /** @param bytes of the file that are there */
    synchronized void at(RepoFile file, long bytes) {
        Long before = arrived.put(file.hash(), bytes);
        doneBytes += bytes - (before == null ? 0 : before);
        if (System.nanoTime() - told >= INTERVAL_NANOS) {
            tell();
        }
    }

    synchronized void done(RepoFile file) {
        doneFiles++;
        at(file, file.bytes());
        if (doneFiles == totalFiles) {
            tell();
        }
    }

    private void tell() {
        told = System.nanoTime();
        DownloadProgress progress = new DownloadProgress(model, doneBytes, totalBytes, doneFiles, totalFiles);
        for (DownloadListener listener : listeners) {
            try {
                listener.onProgress(progress);
            } catch (RuntimeException | LinkageError e) {
                if (!complained) {
                    complained = true;
                    log.warn("A listener failed, as it may again without being logged: {}", listener, e);
                }
            }
        }
    }
}
