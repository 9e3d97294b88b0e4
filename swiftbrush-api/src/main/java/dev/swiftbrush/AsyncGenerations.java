package dev.swiftbrush;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The threads of one {@link SwiftBrush} that wait for images, and the futures they have yet to complete. Thread-safe.
 *
 * <p>There are as many threads at work as the pool runs and lets wait: one more would only be refused there. A thread
 * that runs its caller's stages after the work is not counted, so that such a stage may ask for images.
 */
final class AsyncGenerations {

    private final Set<AsyncGeneration> pending = ConcurrentHashMap.newKeySet();
    private final AtomicInteger threads = new AtomicInteger();
    private final ExecutorService executor = Executors.newCachedThreadPool(this::newThread);
    private final Semaphore places;
    private final Supplier<? extends RuntimeException> refusal;

    /**
     * @param places how much work is done or waits at once
     * @param refusal what other work's future fails with
     */
    AsyncGenerations(int places, Supplier<? extends RuntimeException> refusal) {
        this.places = new Semaphore(places);
        this.refusal = refusal;
    }

    private Thread newThread(Runnable work) {
        Thread thread = new Thread(work, "swiftbrush-async-" + threads.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Does the work on a thread of its own.
     *
     * @param onEnd runs once the work is over or was refused, before the future completes, also if this throws
     * @throws IllegalStateException after {@link #stop}
     */
    CompletableFuture<GeneratedImage> start(Supplier<GeneratedImage> work, Runnable onEnd) {
        if (!places.tryAcquire()) {
            try {
                return CompletableFuture.failedFuture(refusal.get());
            } finally {
                onEnd.run();
            }
        }
        Runnable free = () -> {
            places.release();
            onEnd.run();
        };
        AsyncGeneration generation = new AsyncGeneration(work, free);
        pending.add(generation); // before it starts: what abandon() does not see was rejected
        boolean started = false;
        try {
            executor.execute(generation);
            started = true;
        } catch (RejectedExecutionException e) {
            throw Gate.closed();
        } finally {
            if (!started) {
                pending.remove(generation);
                free.run();
            }
        }
        generation.whenComplete((image, failure) -> pending.remove(generation));
        return generation;
    }

    /** Starts no more work. */
    void stop() {
        executor.shutdown();
    }

    /** Completes with {@code failure} what is still at work; what is not completes on its own. */
    void abandon(Throwable failure) {
        pending.forEach(generation -> generation.abandon(failure));
    }
}
