package dev.swiftbrush.runtime.session;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.RunOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the runs that it was given to, now or as soon as they start: ONNX Runtime stops before the next node. Thread-safe.
 */
public final class Cancellation {
    private static final Logger log = LoggerFactory.getLogger(Cancellation.class);

    private @Nullable RunOptions running;
    private boolean cancelled;

    public synchronized void cancel() {
        cancelled = true;
        if (running != null) {
            try {
                running.setTerminate(true);
            } catch (OrtException e) {
                log.warn("A run could not be ended and goes on to its end", e);
            }
        }
    }

    public synchronized boolean isCancelled() {
        return cancelled;
    }

    /** {@code options} belong to a run that begins; {@link #end} must come before they are freed. */
    synchronized void begin(RunOptions options) throws OrtException {
        options.setTerminate(cancelled);
        running = options;
    }

    synchronized void end() {
        running = null;
    }
}
