package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.GenerationListener;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PoolOptions;
import java.util.List;

/**
 * How requests are served.
 *
 * @param warmUp whether every device draws and discards a picture before the first request
 * @param promptCacheBytes of hidden states to keep at most; 0 keeps none
 */
public record Serving(
        PoolOptions pool,
        NoiseGenerator noise,
        boolean warmUp,
        long promptCacheBytes,
        List<GenerationListener> listeners) {}
