package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Attempts at one thing, with growing pauses between them. Use from one thread. */
final class Retries {
    private static final Logger log = LoggerFactory.getLogger(Retries.class);

    private final String what;
    private final Patience patience;
    private int failed;
    private long furthest;

    /** @param what is attempted, as the object of a sentence */
    Retries(String what, Patience patience) {
        this.what = what;
        this.patience = patience;
    }

    /** Something that fails with an {@link IOException} where another attempt may succeed. */
    @FunctionalInterface
    interface Attempt<T> {
        T run() throws IOException, InterruptedException;
    }

    <T> T run(Attempt<T> attempt) throws InterruptedException {
        while (true) {
            try {
                return attempt.run();
            } catch (IOException e) {
                pauseAfter(e);
            }
        }
    }

    /** Counts from anew if it has never been as far. */
    void reached(long position) {
        if (position > furthest) {
            furthest = position;
            failed = 0;
        }
    }

    private void pauseAfter(IOException failure) throws InterruptedException {
        failed++;
        if (failed >= patience.attempts()) {
            throw new DownloadException(
                    "%s could not be got in %d attempts: %s; what has arrived is kept, so try again later"
                            .formatted(what, failed, reason(failure)),
                    failure);
        }
        Optional<Duration> asked = failure instanceof BusyException busy ? busy.pause() : Optional.empty();
        if (asked.filter(pause -> pause.compareTo(patience.longestPause()) > 0).isPresent()) {
            throw new DownloadException(
                    "The hub asks to be left alone for %d seconds before it sends %s; try again then, or set HF_TOKEN, since the hub allows its users more"
                            .formatted(asked.get().toSeconds(), what),
                    failure);
        }
        Duration pause = asked.orElseGet(this::growing);
        log.warn("{} could not be got ({}); trying again in {} s", what, reason(failure), pause.toMillis() / 1000.0);
        Thread.sleep(pause.toMillis());
    }

    /** Twice as long each time, and up to a quarter longer so that those who failed together do not return together. */
    private Duration growing() {
        long millis = patience.firstPause().toMillis() << (failed - 1);
        return Duration.ofMillis(millis + ThreadLocalRandom.current().nextLong(millis / 4 + 1));
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
