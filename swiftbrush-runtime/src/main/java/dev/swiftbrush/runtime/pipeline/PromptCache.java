package dev.swiftbrush.runtime.pipeline;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.function.Function;

/**
 * Hidden states of prompts that were encoded before, the ones used least recently and least often dropped when they take
 * too much memory. The same prompt is encoded once, also when several ask for it at once. Thread-safe.
 */
final class PromptCache {
    private final boolean keeps;
    private final Cache<LongBuffer, ByteBuffer> states;

    /** @param maxBytes of hidden states; 0 keeps none */
    PromptCache(long maxBytes) {
        this.keeps = maxBytes > 0;
        this.states = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher((LongBuffer ids, ByteBuffer kept) -> kept.capacity())
                .recordStats()
                .build();
    }

    long hits() {
        return states.stats().hitCount();
    }

    long misses() {
        return states.stats().missCount();
    }

    /** Bytes of hidden states that are kept. */
    long bytes() {
        states.cleanUp(); // what is over the limit goes only now and then
        return states.policy()
                .eviction()
                .map(eviction -> eviction.weightedSize().orElse(0))
                .orElse(0L);
    }

    /**
     * The states of a prompt.
     *
     * @param encode makes them; its buffer is kept
     * @return a direct buffer of the caller's own over shared memory, which must not be written to
     */
    ByteBuffer get(long[] ids, Function<long[], ByteBuffer> encode) {
        if (!keeps) { // Caffeine would keep an entry until it gets round to dropping it
            return encode.apply(ids);
        }
        ByteBuffer kept = states.get(LongBuffer.wrap(ids), missing -> encode.apply(ids));
        return kept.duplicate().order(ByteOrder.nativeOrder());
    }
}
