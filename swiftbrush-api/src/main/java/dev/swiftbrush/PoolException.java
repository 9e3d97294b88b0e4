package dev.swiftbrush;

import java.time.Duration;
import java.util.Locale;

/**
 * A request left the pool without an image: it found no place, or its time ran out, or nobody wanted it any more.
 *
 * <p>The numbers are a snapshot from the moment it left.
 */
public abstract sealed class PoolException extends SwiftBrushException
        permits NoSessionException, QueueFullException, DeadlineExceededException, GenerationCancelledException {

    private static final long serialVersionUID = 1L;

    private final int sessions;
    private final int busy;
    private final int waiting;
    private final Duration waited;

    PoolException(String message, int sessions, int busy, int waiting, Duration waited) {
        super(message);
        this.sessions = sessions;
        this.busy = busy;
        this.waiting = waiting;
        this.waited = waited;
    }

    /** Returns how many network calls the pool runs at once: devices times {@link PoolOptions#maxConcurrent()}. */
    public final int sessions() {
        return sessions;
    }

    /** Returns how many of the sessions were at work. */
    public final int busy() {
        return busy;
    }

    /** Returns how many requests were waiting for a session. */
    public final int waiting() {
        return waiting;
    }

    /** Returns how long ago this request was made. */
    public final Duration waited() {
        return waited;
    }

    static String counts(int sessions, int busy, int waiting) {
        return "(sessions=" + sessions + ", busy=" + busy + ", waiting=" + waiting + ")";
    }

    /**
     * Writes {@code 30s}, {@code 1m30.5s} or {@code 0.25s}: to a tenth of a second, or to a millisecond below one
     * second.
     */
    static String brief(Duration waited) {
        long unit = waited.compareTo(Duration.ofSeconds(1)) < 0 ? 1 : 100;
        long millis = (waited.toMillis() + unit / 2) / unit * unit;
        return Duration.ofMillis(millis).toString().substring("PT".length()).toLowerCase(Locale.ROOT);
    }
}
