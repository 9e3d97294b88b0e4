package dev.swiftbrush;

import java.time.Duration;

/**
 * Every session was busy and {@link PoolOptions#maxQueue()} requests were waiting already, so this one was refused at
 * once.
 *
 * <p>A retry after a pause can help; retrying at once adds to the load.
 */
public final class QueueFullException extends PoolException {

    private static final long serialVersionUID = 1L;

    /** Reports the pool as it stood when the request was refused. */
    public QueueFullException(int sessions, int busy, int waiting, Duration waited) {
        super(
                "The queue for a session is full " + counts(sessions, busy, waiting)
                        + "; raise maxQueue or send fewer requests at once",
                sessions,
                busy,
                waiting,
                waited);
    }
}
