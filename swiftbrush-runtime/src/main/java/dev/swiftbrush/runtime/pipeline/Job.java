package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.ImageSize;
import dev.swiftbrush.runtime.text.TokenizedPrompt;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One image on its way. It is over when its future is complete: with the picture, or with the reason why there is none,
 * whoever completes it first.
 */
final class Job {
    final TokenizedPrompt prompt;
    final Duration tokenizing;
    final long seed;
    final ImageSize size;
    final CompletableFuture<Picture> picture = new CompletableFuture<>();
    final long submitted = System.nanoTime();

    /** What the job is drawn with, once that is settled; guarded by the {@link JobQueue}'s lock. */
    @Nullable
    Batch batch;

    Job(TokenizedPrompt prompt, Duration tokenizing, long seed, ImageSize size) {
        this.prompt = prompt;
        this.tokenizing = tokenizing;
        this.seed = seed;
        this.size = size;
    }

    boolean isOver() {
        return picture.isDone();
    }

    /** The time in the queue, for a job that was taken up at {@code nanoTime}. */
    Duration waited(long nanoTime) {
        return Duration.ofNanos(nanoTime - submitted);
    }

    /** The time since the request was made. */
    Duration age() {
        return tokenizing.plusNanos(System.nanoTime() - submitted);
    }
}
