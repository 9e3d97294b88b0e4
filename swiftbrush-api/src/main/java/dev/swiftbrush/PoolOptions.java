package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.time.Duration;

/**
 * How many requests run at once, how many wait for their turn, how long, and how many share a network call. Immutable
 * and thread-safe.
 *
 * <p>On a CPU one large image keeps every core at work, so that a second one at once, or joined with it, takes its speed
 * from the first; only small images gain from either.
 *
 * <p>What a request was joined with changes its image by at most one of the 256 levels of a channel.
 *
 * @param maxConcurrent network calls that run at once on each device, at least 1
 * @param maxQueue requests that wait while all of those run; one more gets a {@link QueueFullException}; 0 lets none
 *     wait
 * @param maxWait the longest wait, at most 365 days; a request that waits longer gets a {@link NoSessionException}
 * @param maxBatch requests of equal size that are joined into one network call, from 1, which joins none, to 64
 * @param maxDelay how long a network call waits for more requests to join it, at most 10 seconds; of no effect when
 *     {@code maxBatch} is 1
 */
public record PoolOptions(int maxConcurrent, int maxQueue, Duration maxWait, int maxBatch, Duration maxDelay) {

    private static final Duration LONGEST_WAIT = Duration.ofDays(365);
    private static final int LARGEST_BATCH = 64;
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(10);

    /**
     * @throws IllegalArgumentException if {@code maxConcurrent} is below 1, {@code maxQueue} is negative,
     *     {@code maxWait} is negative or over 365 days, {@code maxBatch} is not from 1 to 64, or {@code maxDelay} is
     *     negative or over 10 seconds
     */
    public PoolOptions {
        requireArgument(maxConcurrent >= 1, "maxConcurrent must be positive, but was %d", maxConcurrent);
        requireArgument(maxQueue >= 0, "maxQueue must not be negative, but was %d", maxQueue);
        requirePresent(maxWait, "maxWait");
        requireArgument(!maxWait.isNegative(), "maxWait must not be negative, but was %s", maxWait);
        requireArgument(maxWait.compareTo(LONGEST_WAIT) <= 0, "maxWait must be at most 365 days, but was %s", maxWait);
        requireArgument(
                maxBatch >= 1 && maxBatch <= LARGEST_BATCH,
                "maxBatch must be from 1 to %d, but was %d",
                LARGEST_BATCH,
                maxBatch);
        requirePresent(maxDelay, "maxDelay");
        requireArgument(!maxDelay.isNegative(), "maxDelay must not be negative, but was %s", maxDelay);
        requireArgument(
                maxDelay.compareTo(LONGEST_DELAY) <= 0, "maxDelay must be at most 10 seconds, but was %s", maxDelay);
    }

    /** Returns the defaults: one request at once on each device, 64 that wait, each for at most 30 seconds; none joined. */
    public static PoolOptions defaults() {
        return new PoolOptions(1, 64, Duration.ofSeconds(30), 1, Duration.ZERO);
    }

    /** Returns these options with another number of network calls at once on each device. */
    public PoolOptions withMaxConcurrent(int maxConcurrent) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait, maxBatch, maxDelay);
    }

    /** Returns these options with another number of requests that wait. */
    public PoolOptions withMaxQueue(int maxQueue) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait, maxBatch, maxDelay);
    }

    /** Returns these options with another longest wait. */
    public PoolOptions withMaxWait(Duration maxWait) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait, maxBatch, maxDelay);
    }

    /** Returns these options with another number of requests that are joined into one network call. */
    public PoolOptions withMaxBatch(int maxBatch) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait, maxBatch, maxDelay);
    }

    /** Returns these options with another time that a network call waits for more requests to join it. */
    public PoolOptions withMaxDelay(Duration maxDelay) {
        return new PoolOptions(maxConcurrent, maxQueue, maxWait, maxBatch, maxDelay);
    }
}
