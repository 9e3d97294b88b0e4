package dev.swiftbrush;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Counts who is inside, lets nobody in once it closes, and closes once. Thread-safe. */
final class Gate {

    private enum State {
        OPEN,
        DRAINING,
        FREEING,
        CLOSED
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private State state = State.OPEN;
    private int inside;
    private @Nullable Thread closer; // while FREEING
    private long deadline; // of those inside while DRAINING, by System.nanoTime()

    static IllegalStateException closed() {
        return new IllegalStateException("SwiftBrush is closed; build a new one");
    }

    /**
     * Lets someone in, who calls {@link #leave} at the end.
     *
     * @throws IllegalStateException once {@link #close} was called
     */
    void enter() {
        lock.lock();
        try {
            if (state != State.OPEN) {
                throw closed();
            }
            inside++;
        } finally {
            lock.unlock();
        }
    }

    void leave() {
        lock.lock();
        try {
            inside--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Checks that there is still something behind the gate.
     *
     * @throws IllegalStateException once {@link #close} frees it
     */
    void requireInUse() {
        lock.lock();
        try {
            if (state.compareTo(State.DRAINING) > 0) {
                throw closed();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until nobody is inside or the patience is over, and then frees what is behind the gate.
     *
     * <p>Only the first call frees. Another waits until the first is done and can shorten its patience; an interrupt of
     * any of them ends it. Called by what is being freed, this does nothing.
     *
     * @param free is told what is left of the patience
     */
    void close(Duration patience, Consumer<Duration> free) {
        boolean interrupted = Thread.interrupted();
        lock.lock();
        try {
            if (Thread.currentThread() == closer) {
                return; // a stage of a future that is ended now: it would wait for itself
            }
            boolean first = state == State.OPEN;
            long now = System.nanoTime();
            startDraining(interrupted ? now : now + patience.toNanos());
            while (first ? isOccupied() : state != State.CLOSED) {
                interrupted |= awaitChange();
            }
            if (first) {
                free(free);
            }
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt(); // not before: nothing may cut the freeing short
            }
        }
    }

    private void startDraining(long end) {
        if (state == State.OPEN || end - deadline < 0) {
            deadline = end;
        }
        if (state == State.OPEN) {
            state = State.DRAINING;
        }
        changed.signalAll();
    }

    private boolean isOccupied() {
        return inside > 0 && left() > 0;
    }

    private long left() {
        return Math.max(0, deadline - System.nanoTime());
    }

    /** Returns whether the thread was interrupted, which ends the patience. */
    private boolean awaitChange() {
        try {
            changed.awaitNanos(state == State.DRAINING ? left() : Long.MAX_VALUE);
            return false;
        } catch (InterruptedException e) {
            startDraining(System.nanoTime());
            return true;
        }
    }

    private void free(Consumer<Duration> free) {
        state = State.FREEING;
        closer = Thread.currentThread();
        Duration left = Duration.ofNanos(left());
        lock.unlock(); // those inside have to be able to leave
        try {
            free.accept(left);
        } finally {
            lock.lock();
            state = State.CLOSED;
            closer = null;
            changed.signalAll();
        }
    }
}
