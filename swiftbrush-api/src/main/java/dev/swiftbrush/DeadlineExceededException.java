package dev.swiftbrush;

import java.time.Duration;

/**
 * A request's own time ran out ({@link GenerationRequest#withTimeout}) before its image was there.
 *
 * <p>A retry with more time can help.
 */
public final class DeadlineExceededException extends PoolException {

    private static final long serialVersionUID = 1L;

    /** Reports the pool as it stood when the request's time ran out after {@code waited}. */
    public DeadlineExceededException(int sessions, int busy, int waiting, Duration waited) {
        super(
                "The image was not there within its timeout of " + brief(waited) + " " + counts(sessions, busy, waiting)
                        + "; give more time or raise maxConcurrent",
                sessions,
                busy,
                waiting,
                waited);
    }
}
