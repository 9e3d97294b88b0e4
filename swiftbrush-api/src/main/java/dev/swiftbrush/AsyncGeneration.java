package dev.swiftbrush;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A future image and the work that makes it; completing it from outside, as cancelling does, interrupts the work's
 * thread.
 */
final class AsyncGeneration extends CompletableFuture<GeneratedImage> implements Runnable {

    private final Supplier<GeneratedImage> work;
    private final Runnable onEnd;
    private @Nullable Thread worker; // guarded by this
    private boolean over; // guarded by this

    /** @param onEnd runs once the work is over, before the future completes with what became of it */
    AsyncGeneration(Supplier<GeneratedImage> work, Runnable onEnd) {
        this.work = work;
        this.onEnd = onEnd;
        whenComplete((image, failure) -> interrupt());
    }

    @Override
    public void run() {
        if (!begin()) {
            onEnd.run();
            return;
        }
        GeneratedImage image;
        try {
            image = work.get();
        } catch (Throwable failure) { // errors too: whoever waits has to learn of them
            end();
            completeExceptionally(failure);
            return;
        }
        end();
        complete(image);
    }

    /** Completes this with {@code failure}, unless the work is over and about to complete it. */
    void abandon(Throwable failure) {
        if (!isOver()) {
            completeExceptionally(failure);
        }
    }

    private synchronized void interrupt() {
        if (worker != null) {
            worker.interrupt();
        }
    }

    private synchronized boolean begin() {
        if (isDone()) {
            return false;
        }
        worker = Thread.currentThread();
        return true;
    }

    private void end() {
        synchronized (this) {
            worker = null;
            over = true;
            Thread.interrupted(); // was meant for this work, not for what the thread does next
        }
        onEnd.run();
    }

    private synchronized boolean isOver() {
        return over;
    }
}
