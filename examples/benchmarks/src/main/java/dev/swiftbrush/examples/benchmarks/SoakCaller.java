package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * One caller of many: asks for one image after the other, of sizes, timeouts and ways of giving up that it draws by lot, and
 * counts how each request ended. Use from one thread.
 */
final class SoakCaller implements Runnable {
    private static final int LONGEST_MILLIS = 120; // of a timeout, or until it gives up

    private final SwiftBrush brush;
    private final SoakPictures pictures;
    private final SoakCounts counts;
    private final ScheduledExecutorService timer;
    private final Random random;
    private final long end;

    /** @param end a {@link System#nanoTime} */
    SoakCaller(
            SwiftBrush brush,
            SoakPictures pictures,
            SoakCounts counts,
            ScheduledExecutorService timer,
            Random random,
            long end) {
        this.brush = brush;
        this.pictures = pictures;
        this.counts = counts;
        this.timer = timer;
        this.random = random;
        this.end = end;
    }

    @Override
    public void run() {
        while (System.nanoTime() - end < 0) {
            GenerationRequest request = pictures.any(random);
            if (random.nextInt(4) == 0) {
                request = request.withTimeout(Duration.ofMillis(1 + random.nextInt(LONGEST_MILLIS)));
            }
            counts.submitted();
            if (random.nextBoolean()) {
                waited(request);
            } else {
                future(request);
            }
            pause();
        }
    }

    /** Asked for on this thread, which one time in eight is interrupted. */
    private void waited(GenerationRequest request) {
        Thread self = Thread.currentThread();
        Future<?> interrupting = random.nextInt(8) == 0 ? later(self::interrupt) : null;
        long start = System.nanoTime();
        try {
            completed(request, brush.generate(request), start);
        } catch (RuntimeException | Error e) {
            counts.ended(e);
        } finally {
            if (interrupting != null && !interrupting.cancel(false)) {
                awaitDone(interrupting);
            }
            Thread.interrupted(); // was meant for that request
        }
    }

    /** A future, which one time in four is cancelled. */
    private void future(GenerationRequest request) {
        long start = System.nanoTime();
        CompletableFuture<GeneratedImage> future = brush.generateAsync(request);
        if (random.nextInt(4) == 0) {
            later(() -> future.cancel(true));
        }
        try {
            completed(request, future.join(), start);
        } catch (CompletionException e) {
            counts.ended(e.getCause() == null ? e : e.getCause());
        } catch (RuntimeException e) {
            counts.ended(e);
        }
    }

    private void completed(GenerationRequest request, GeneratedImage image, long start) {
        counts.completed(Duration.ofNanos(System.nanoTime() - start), pictures.isRight(request, image));
    }

    private Future<?> later(Runnable action) {
        return timer.schedule(action, random.nextInt(LONGEST_MILLIS), TimeUnit.MILLISECONDS);
    }

    private static void awaitDone(Future<?> action) {
        while (true) {
            try {
                action.get();
                return;
            } catch (InterruptedException e) {
                continue; // by that very action
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void pause() {
        try {
            Thread.sleep(random.nextInt(8));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
