package dev.swiftbrush;

import java.time.Duration;

/**
 * The thread was interrupted before its image was there; its interrupt status is set again.
 *
 * <p>Thrown whether the request waited or ran; its session is free again. Someone wanted this request to stop, so a retry is for whoever did that to decide.
 */
public final class GenerationCancelledException extends PoolException {

    private static final long serialVersionUID = 1L;

    /** Reports the pool as it stood when the request was interrupted, {@code waited} after it was made. */
    public GenerationCancelledException(int sessions, int busy, int waiting, Duration waited) {
        super(
                "Interrupted after " + brief(waited) + " " + counts(sessions, busy, waiting),
                sessions,
                busy,
                waiting,
                waited);
    }
}
