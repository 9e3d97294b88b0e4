package dev.swiftbrush;

import java.time.Duration;

/**
 * No session became free within {@link PoolOptions#maxWait()}.
 *
 * <p>A retry can help once there is less to do; raising {@code maxConcurrent} or {@code maxWait} helps for good.
 */
public final class NoSessionException extends PoolException {

    private static final long serialVersionUID = 1L;

    /** Reports the pool as it stood when the request gave up after {@code waited}. */
    public NoSessionException(int sessions, int busy, int waiting, Duration waited) {
        super(
                "No session became free within " + brief(waited) + " " + counts(sessions, busy, waiting)
                        + "; raise maxConcurrent or maxWait",
                sessions,
                busy,
                waiting,
                waited);
    }
}
