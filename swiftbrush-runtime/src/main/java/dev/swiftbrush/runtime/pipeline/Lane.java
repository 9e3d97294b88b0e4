package dev.swiftbrush.runtime.pipeline;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device and the networks on it. Networks that failed are opened anew once the last run has left them: ONNX Runtime
 * does not say what state it is in after a failure, and closing a session that runs would take the JVM down. Thread-safe.
 */
public final class Lane implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Lane.class);

    private final String device;
    private final Supplier<Networks> open;
    private @Nullable Networks networks;
    private boolean suspect;
    private int runs;

    /** Sessions at work and sessions that wait for work; guarded by the {@link JobQueue}'s lock. */
    int busy;

    int idle;

    /** @param open opens the networks; called at once, and again after failures */
    public Lane(String device, Supplier<Networks> open) {
        this.device = device;
        this.open = open;
        this.networks = open.get();
    }

    /**
     * The networks, to be given back with {@link #leave}.
     *
     * @throws RuntimeException if they failed and cannot be opened anew; the next call tries again
     */
    synchronized Networks enter() {
        while (suspect && runs > 0) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the networks were opened anew", e);
            }
        }
        Networks current = networks;
        if (suspect || current == null) {
            current = reopen();
        }
        runs++;
        return current;
    }

    private Networks reopen() {
        log.warn("The networks on {} failed and are opened anew", device);
        closeNetworks();
        Networks opened = open.get();
        networks = opened;
        suspect = false;
        return opened;
    }

    /** @param failed whether the networks should not be trusted any more */
    synchronized void leave(boolean failed) {
        runs--;
        suspect |= failed;
        notifyAll();
    }

    /** Closes the networks; none may run. */
    @Override
    public synchronized void close() {
        closeNetworks();
    }

    private void closeNetworks() {
        Networks current = networks;
        networks = null;
        if (current != null) {
            current.close();
        }
    }

    @Override
    public String toString() {
        return device;
    }
}
