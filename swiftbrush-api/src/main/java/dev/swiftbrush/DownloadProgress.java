package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

/**
 * How far the download of a model's weights is. Immutable and thread-safe.
 *
 * @param model the model, as {@code owner/name} or {@code owner/name@revision}
 * @param doneBytes what is on the disk, also from an earlier attempt or another model; may fall when something arrived
 *     damaged
 * @param totalBytes what will be on the disk in the end
 * @param doneFiles the files that are complete
 * @param totalFiles the files that will be there in the end
 */
public record DownloadProgress(String model, long doneBytes, long totalBytes, int doneFiles, int totalFiles) {

    /**
     * @throws IllegalArgumentException if the model is absent, a number is negative, or more is done than there is
     */
    public DownloadProgress {
        requirePresent(model, "model");
        requireArgument(
                doneBytes >= 0 && doneBytes <= totalBytes,
                "doneBytes must be from 0 to %d, but was %d",
                totalBytes,
                doneBytes);
        requireArgument(
                doneFiles >= 0 && doneFiles <= totalFiles,
                "doneFiles must be from 0 to %d, but was %d",
                totalFiles,
                doneFiles);
    }

    /** Returns whether everything is there; the last report of a download that succeeds. */
    public boolean isComplete() {
        return doneFiles == totalFiles;
    }
}
