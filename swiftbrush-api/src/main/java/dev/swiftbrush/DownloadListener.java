package dev.swiftbrush;

/**
 * Learns how far the download of a model is; given to {@link SwiftBrush.Builder#downloadListener}.
 *
 * <p>Implementations are quick: they run on the threads that download, one call at a time and about ten a second. What
 * one throws is logged once and ignored.
 */
@FunctionalInterface
public interface DownloadListener {

    /** Is told how far the download is: at its beginning, meanwhile, and when all is there. */
    void onProgress(DownloadProgress progress);
}
