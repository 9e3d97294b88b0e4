package dev.swiftbrush.runtime.session;

import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.QueueFullException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets a bounded number of requests run at once, the others wait in the order of their arrival. ONNX Runtime's sessions
 * take concurrent calls, so what is pooled is the right to call. Thread-safe.
 */
public final class SessionPool {
    private final PoolOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Waiter> queue = new ArrayDeque<>();
    private final Condition idle = lock.newCondition();
    private int busy;
    private boolean closed;

    /** One request in the queue; guarded by the lock. */
    private final class Waiter {
        final Condition turn = lock.newCondition();
        boolean granted;
    }

    /** The right to run; closing it passes it on. Closing it again does nothing. */
    public final class Lease implements AutoCloseable {
        private boolean returned;

        @Override
        public void close() {
            lock.lock();
            try {
                if (!returned) {
                    returned = true;
                    passOn();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    public SessionPool(PoolOptions options) {
        this.options = options;
    }

    /**
     * Waits for the right to run.
     *
     * @throws QueueFullException if as many wait already as may
     * @throws NoSessionException if none became free in time
     * @throws GenerationCancelledException if the thread was interrupted; its interrupt status stays set
     * @throws IllegalStateException if the pool is closed, now or while waiting
     */
    public Lease borrow() {
        lock.lock();
        try {
            requireOpen();
            if (busy < options.maxConcurrent() && queue.isEmpty()) {
                busy++;
            } else if (queue.size() >= options.maxQueue()) {
                throw new QueueFullException(options.maxConcurrent(), busy, queue.size(), Duration.ZERO);
            } else {
                await();
            }
            return new Lease();
        } finally {
            lock.unlock();
        }
    }

    private void await() {
        long start = System.nanoTime();
        long left = options.maxWait().toNanos();
        Waiter waiter = new Waiter();
        queue.add(waiter);
        try {
            while (!waiter.granted) {
                requireOpen();
                if (left <= 0) {
                    Duration waited = Duration.ofNanos(System.nanoTime() - start);
                    throw new NoSessionException(options.maxConcurrent(), busy, queue.size(), waited);
                }
                left = waiter.turn.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Duration waited = Duration.ofNanos(System.nanoTime() - start);
            int waiting = queue.size();
            if (waiter.granted) {
                passOn();
            }
            throw new GenerationCancelledException(options.maxConcurrent(), busy, waiting, waited);
        } finally {
            queue.remove(waiter);
        }
    }

    /** Gives the right to the one who waits longest, if the pool is open; needs the lock. */
    private void passOn() {
        Waiter next = closed ? null : queue.poll();
        if (next != null) {
            next.granted = true;
            next.turn.signal();
        } else if (--busy == 0) {
            idle.signalAll();
        }
    }

    /** How many requests wait at this moment. */
    int waiting() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    /** Turns new and waiting requests away. Those that run go on. */
    public void close() {
        lock.lock();
        try {
            closed = true;
            queue.forEach(waiter -> waiter.turn.signal());
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no request runs any more; to be called after {@link #close}. */
    public void awaitIdle() {
        lock.lock();
        try {
            while (busy > 0) {
                idle.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("SwiftBrush is closed; build a new one");
        }
    }
}
