package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.time.Duration;

/**
 * How many requests run at once, how many wait for their turn, and how long. Immutable and thread-safe.
 *
 * <p>On a CPU a second request at once takes its speed from the first, so that 1 is as fast as any other number.
 *
 * @param maxConcurrent requests that run at once, at least 1
 * @param maxQueue requests that wait while all of those run; one more gets a {@link QueueFullException}; 0 lets none
 *     wait
 * @param maxWait the longest wait, at most 365 days; a request that waits longer gets a {@link NoSessionException}
 */
public record PoolOptions(int maxConcurrent, int maxQueue, Duration maxWait) {

    private static final Duration LONGEST = Duration.ofDays(365);

    /**
     * @throws IllegalArgumentException if {@code maxConcurrent} is below 1, {@code maxQueue} is negative, or
     *     {@code maxWait} is negative or over 365 days
     */
    public PoolOptions {
        requireArgument(maxConcurrent >= 1, "maxConcurrent must be positive, but was %d", maxConcurrent);
        requireArgument(maxQueue >= 0, "maxQueue must not be negative, but was %d", maxQueue);
        requirePresent(maxWait, "maxWait");
        requireArgument(!maxWait.isNegative(), "maxWait must not be negative, but was %s", maxWait);
        requireArgument(maxWait.compareTo(LONGEST) <= 0, "maxWait must be at most 365 days, but was %s", maxWait);
    }

    /** Returns the defaults: one request at once, 64 that wait, each for at most 30 seconds. */
    public static PoolOptions defaults() {
        return new PoolOptions(1, 64, Duration.ofSeconds(30));
    }

    /** Returns these options with another number of requests at once. */
    public PoolOptions withMaxConcurrent(int maxConcurrent) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait);
    }

    /** Returns these options with another number of requests that wait. */
    public PoolOptions withMaxQueue(int maxQueue) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait);
    }

    /** Returns these options with another longest wait. */
    public PoolOptions withMaxWait(Duration maxWait) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait);
    }
}
