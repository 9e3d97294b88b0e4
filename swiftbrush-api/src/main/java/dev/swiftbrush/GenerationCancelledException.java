package dev.swiftbrush;

import java.time.Duration;

/**
 * The thread was interrupted while its request waited for a session; its interrupt status is set again.
 *
 * <p>Someone wanted this request to stop, so a retry is for whoever did that to decide.
 */
public final class GenerationCancelledException extends PoolException {

    private static final long serialVersionUID = 1L;

    /** Reports the pool as it stood when the request was interrupted after {@code waited}. */
    public GenerationCancelledException(int sessions, int busy, int waiting, Duration waited) {
        super(
                "Interrupted after waiting " + brief(waited) + " for a session " + counts(sessions, busy, waiting),
                sessions,
                busy,
                waiting,
                waited);
    }
}
