package dev.swiftbrush.examples.quickstart;

import dev.swiftbrush.DownloadListener;
import dev.swiftbrush.DownloadProgress;
import java.io.PrintStream;

/** Shows a download: on a terminal as a bar that fills, elsewhere as a line for every tenth. */
final class ProgressLine implements DownloadListener {
    private static final int WIDTH = 30;

    private final PrintStream out;
    private final boolean terminal;
    private int shown = -1;

    ProgressLine(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public void onProgress(DownloadProgress progress) {
        long total = Math.max(1, progress.totalBytes());
        int percent = (int) (100.0 * progress.doneBytes() / total);
        String numbers = "%3d %%  %,d of %,d MB  %s"
                .formatted(
                        percent, progress.doneBytes() / 1_000_000, progress.totalBytes() / 1_000_000, progress.model());
        if (terminal) {
            String bar = "#".repeat(WIDTH * percent / 100);
            out.printf("\r[%-" + WIDTH + "s] %s%s", bar, numbers, progress.isComplete() ? System.lineSeparator() : "");
        } else if (percent / 10 != shown) {
            shown = percent / 10;
            out.println(numbers);
        }
    }
}
