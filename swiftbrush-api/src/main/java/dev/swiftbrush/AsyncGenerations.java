package dev.swiftbrush;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The threads of one {@link SwiftBrush} that wait for images, and the futures they have yet to complete. Thread-safe.
 */
final class AsyncGenerations {

    private final Set<AsyncGeneration> pending = ConcurrentHashMap.newKeySet();
    private final AtomicInteger threads = new AtomicInteger();
    private final ExecutorService executor = Executors.newCachedThreadPool(this::newThread);

    private Thread newThread(Runnable work) {
        Thread thread = new Thread(work, "swiftbrush-async-" + threads.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Does the work on a thread of its own.
     *
     * @throws RejectedExecutionException after {@link #stop}
     */
    CompletableFuture<GeneratedImage> start(Supplier<GeneratedImage> work) {
        AsyncGeneration generation = new AsyncGeneration(work);
        pending.add(generation); // before it starts: what stop() does not see here was rejected
        boolean started = false;
        try {
            executor.execute(generation);
            started = true;
        } finally {
            if (!started) {
                pending.remove(generation);
            }
        }
        generation.whenComplete((image, failure) -> pending.remove(generation));
        return generation;
    }

    /** Starts no more work and interrupts what waits. */
    void stop() {
        executor.shutdown();
        pending.forEach(AsyncGeneration::interrupt);
    }

    /** Completes with {@code failure} whatever is not complete. */
    void abandon(Throwable failure) {
        pending.forEach(generation -> generation.completeExceptionally(failure));
    }
}
