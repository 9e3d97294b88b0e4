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
    private @Nullable Thread worker; // guarded by this

    AsyncGeneration(Supplier<GeneratedImage> work) {
        this.work = work;
        whenComplete((image, failure) -> interrupt());
    }

    @Override
    public void run() {
        if (!begin()) {
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

    /** Interrupts the thread that does the work, if one does. */
    synchronized void interrupt() {
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

    private synchronized void end() {
        worker = null;
        Thread.interrupted(); // was meant for this work, not for the next that the thread does
    }
}
