package dev.swiftbrush.spi;

import dev.swiftbrush.Device;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.Precision;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Everything an engine is told when it opens a model. Immutable and thread-safe.
 *
 * @param model where the model is
 * @param recipe how one network call becomes an image, or null to detect it from the model
 * @param device where to run
 * @param precision the number format to compute in
 * @param pool how many requests run and wait
 * @param noise how a seed becomes noise
 * @param cacheDirectory where to keep what was derived from the model, or null for the engine's own place
 */
public record EngineConfig(
        ModelSource model,
        @Nullable RecipeSource recipe,
        Device device,
        Precision precision,
        PoolOptions pool,
        NoiseGenerator noise,
        @Nullable Path cacheDirectory) {

    /** Refuses the absence of anything that is not marked as optional. */
    public EngineConfig {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(device, "device must not be null");
        Objects.requireNonNull(precision, "precision must not be null");
        Objects.requireNonNull(pool, "pool must not be null");
        Objects.requireNonNull(noise, "noise must not be null");
    }
}
