package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.runtime.session.Cancellation;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in the order of their arrival, handed in batches to the lane that has least to do. Thread-safe.
 *
 * <p>A session of a lane is one thread that calls {@link #take} and {@link #done} in turn.
 */
final class JobQueue {
    private final PoolOptions options;
    private final List<Lane> lanes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Job> waiting = new ArrayDeque<>();
    private final Set<Batch> running = Collections.newSetFromMap(new IdentityHashMap<>()); // a batch grows
    private boolean closed;

    JobQueue(PoolOptions options, List<Lane> lanes) {
        this.options = options;
        this.lanes = lanes;
    }

    /**
     * Adds a job.
     *
     * @throws QueueFullException if every session is busy and as many jobs wait as may
     * @throws IllegalStateException if the queue is closed
     */
    void add(Job job) {
        lock.lock();
        try {
            requireRoom();
            waiting.add(job);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Refuses what {@link #add} would refuse at this moment, so that nothing is done in vain. */
    void requireRoom() {
        lock.lock();
        try {
            if (closed) {
                throw closed();
            }
            if (waiting.size() >= options.maxQueue() + sessions() - busy()) {
                throw new QueueFullException(sessions(), busy(), waiting.size(), Duration.ZERO);
            }
        } finally {
            lock.unlock();
        }
    }

    /** What a request is told that comes too late. */
    static IllegalStateException closed() {
        return new IllegalStateException("SwiftBrush is closed; build a new one");
    }

    /**
     * Waits for work for one session of {@code lane}.
     *
     * @return null once the queue is closed and empty
     */
    @Nullable
    Batch take(Lane lane) {
        lock.lock();
        try {
            lane.idle++;
            while (waiting.isEmpty() || !hasLeastToDo(lane)) {
                if (closed && waiting.isEmpty()) {
                    lane.idle--;
                    return null;
                }
                changed.awaitUninterruptibly();
            }
            lane.idle--;
            lane.busy++;
            return collect(lane);
        } finally {
            lock.unlock();
        }
    }

    private boolean hasLeastToDo(Lane lane) {
        return lanes.stream().noneMatch(other -> other.idle > 0 && other.busy < lane.busy);
    }

    /** Takes the first job and those of its size behind it, and waits a little for more to come. */
    private Batch collect(Lane lane) {
        Job first = waiting.remove();
        Batch batch = new Batch(lane, new ArrayList<>(), new Cancellation());
        running.add(batch);
        batch.jobs().add(first);
        long left = options.maxDelay().toNanos();
        while (true) {
            Iterator<Job> others = waiting.iterator();
            while (others.hasNext() && batch.jobs().size() < options.maxBatch()) {
                Job other = others.next();
                if (other.size.equals(first.size)) {
                    others.remove();
                    batch.jobs().add(other);
                }
            }
            if (batch.jobs().size() >= options.maxBatch() || left <= 0 || closed) {
                batch.jobs().forEach(job -> job.batch = batch); // complete: from now on it can be unwanted
                changed.signalAll(); // this lane is busier now: what is left may be another's
                return batch;
            }
            left = awaitChange(left);
        }
    }

    private long awaitChange(long nanos) {
        try {
            return changed.awaitNanos(nanos);
        } catch (InterruptedException e) {
            return 0; // the thread is told to hurry
        }
    }

    /** Ends a batch that {@link #take} gave; its session is free again. */
    void done(Batch batch) {
        lock.lock();
        try {
            running.remove(batch);
            batch.lane().busy--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets a job that is over; a batch that nobody waits for any more is ended. */
    void over(Job job) {
        lock.lock();
        try {
            if (job.batch != null) {
                job.batch.cancelIfUnwanted();
            } else if (waiting.remove(job)) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isWaiting(Job job) {
        lock.lock();
        try {
            return job.batch == null && !job.isOver();
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more jobs; those that wait are still served. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the jobs that wait and the batches that run. */
    void abort(Supplier<RuntimeException> reason) {
        lock.lock();
        try {
            List<Job> jobs = new ArrayList<>(waiting);
            running.forEach(batch -> jobs.addAll(batch.jobs()));
            waiting.clear();
            jobs.forEach(job -> job.picture.completeExceptionally(reason.get()));
            running.forEach(Batch::cancelIfUnwanted);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nothing waits and nothing runs, and says whether that came in time. */
    boolean awaitIdle(Duration patience) {
        long left = patience.toNanos();
        lock.lock();
        try {
            while (!waiting.isEmpty() || !running.isEmpty()) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** The pool at one moment. */
    record Counts(int sessions, int busy, int waiting) {}

    Counts counts() {
        lock.lock();
        try {
            return new Counts(sessions(), busy(), waiting.size());
        } finally {
            lock.unlock();
        }
    }

    private int sessions() {
        return lanes.size() * options.maxConcurrent();
    }

    private int busy() {
        return lanes.stream().mapToInt(lane -> lane.busy).sum();
    }
}
