package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requireDuration;
import static dev.swiftbrush.Checks.requirePresent;

import java.time.Duration;

/**
 * What an opened model does at one moment, and what it has done since it was opened. Immutable and thread-safe.
 *
 * <p>A request that has ended counts once: as {@code completed}, {@code failed}, {@code rejected}, {@code timedOut} or
 * {@code cancelled}. The numbers are read one after the other while requests go on, so that those of a busy model need
 * not add up exactly.
 *
 * @param sessions network calls that can run at once: devices times {@link PoolOptions#maxConcurrent()}
 * @param busy sessions at work now
 * @param waiting requests that wait for a session now
 * @param completed requests whose image was made
 * @param failed requests that ended in any other way than the four beside it, most often because the engine failed
 * @param rejected requests that ended in a {@link QueueFullException}
 * @param timedOut requests that ended in a {@link NoSessionException} or a {@link DeadlineExceededException}
 * @param cancelled requests that ended in a {@link GenerationCancelledException}
 * @param networkCalls calls of the network that makes images; fewer than requests if some were joined
 * @param promptCacheHits prompts whose hidden states were kept from an earlier request
 * @param promptCacheMisses prompts that had to be encoded
 * @param promptCacheBytes bytes of hidden states that are kept now
 * @param latency how long the completed requests took
 */
public record Stats(
        int sessions,
        int busy,
        int waiting,
        long completed,
        long failed,
        long rejected,
        long timedOut,
        long cancelled,
        long networkCalls,
        long promptCacheHits,
        long promptCacheMisses,
        long promptCacheBytes,
        Latencies latency) {

    /**
     * @throws IllegalArgumentException if the latencies are absent
     */
    public Stats {
        requirePresent(latency, "latency");
    }

    /**
     * How long the completed requests took, each from the call to the image. Immutable and thread-safe.
     *
     * @param count how many they were; with none, every duration is zero
     * @param p50 half of them took no longer
     * @param p95 95 of 100 took no longer
     * @param p99 99 of 100 took no longer
     * @param max none took longer
     */
    public record Latencies(long count, Duration p50, Duration p95, Duration p99, Duration max) {
        /**
         * @throws IllegalArgumentException if the count is negative, or a duration is absent or negative
         */
        public Latencies {
            requireArgument(count >= 0, "count must not be negative, but was %d", count);
            requireDuration("p50", p50);
            requireDuration("p95", p95);
            requireDuration("p99", p99);
            requireDuration("max", max);
        }
    }
}
