package dev.swiftbrush.spi;

import dev.swiftbrush.CalibrationOptions;
import dev.swiftbrush.Device;
import dev.swiftbrush.DownloadListener;
import dev.swiftbrush.GenerationListener;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything an engine is told when it opens a model. Immutable and thread-safe.
 *
 * @param model where the model is
 * @param recipe how one network call becomes an image, or null to detect it from the model
 * @param decoder the folder of a decoder that takes the place of the model's own, or null for the model's own
 * @param devices where to run, at least one; a request goes to the one that has least to do
 * @param precision the number format to compute in
 * @param calibration how a model is calibrated if {@code precision} is {@link Precision#INT8}
 * @param pool how many requests run and wait
 * @param noise how a seed becomes noise
 * @param cacheDirectory where to keep what was derived from the model, or null for the engine's own place
 * @param prepareWeights whether to keep a large model's weights there as the device computes with them, so that it opens
 *     faster the next time
 * @param lowMemory whether a CPU is to get by with little memory, at the cost of time
 * @param warmUp whether to draw an image and discard it before the model counts as open; has no effect on a model
 *     without a default size
 * @param promptCacheBytes hidden states of prompts to keep at most, in bytes; 0 keeps none
 * @param memoryLimitBytes memory that the model may need at most, or null for what is free on the machine; a model that
 *     is estimated to need more is refused with a {@link dev.swiftbrush.DeviceException}
 * @param listeners told of every event, in this order
 * @param downloadListeners told how far a download is, in this order
 * @param licences identifiers or names of the licences that are accepted; empty accepts any
 * @param pin the {@link dev.swiftbrush.Fingerprint#sha256()} that the model must have, or null for any
 */
public record EngineConfig(
        ModelSource model,
        @Nullable RecipeSource recipe,
        @Nullable Path decoder,
        List<Device> devices,
        Precision precision,
        CalibrationOptions calibration,
        PoolOptions pool,
        NoiseGenerator noise,
        @Nullable Path cacheDirectory,
        boolean prepareWeights,
        boolean lowMemory,
        boolean warmUp,
        long promptCacheBytes,
        @Nullable Long memoryLimitBytes,
        List<GenerationListener> listeners,
        List<DownloadListener> downloadListeners,
        Set<String> licences,
        @Nullable String pin) {

    /**
     * Copies the collections.
     *
     * @throws IllegalArgumentException if anything is absent that is not marked as optional, there is no device,
     *     {@code promptCacheBytes} is negative, or {@code memoryLimitBytes} is not positive
     */
    public EngineConfig {
        Checks.requirePresent(model, "model");
        devices = Checks.copy(devices, "devices");
        if (devices.isEmpty()) {
            throw new IllegalArgumentException("devices must not be empty");
        }
        Checks.requirePresent(precision, "precision");
        Checks.requirePresent(calibration, "calibration");
        Checks.requirePresent(pool, "pool");
        Checks.requirePresent(noise, "noise");
        if (promptCacheBytes < 0) {
            throw new IllegalArgumentException("promptCacheBytes must not be negative, but was " + promptCacheBytes);
        }
        if (memoryLimitBytes != null && memoryLimitBytes < 1) {
            throw new IllegalArgumentException("memoryLimitBytes must be positive, but was " + memoryLimitBytes);
        }
        listeners = Checks.copy(listeners, "listeners");
        downloadListeners = Checks.copy(downloadListeners, "downloadListeners");
        licences = Set.copyOf(Checks.requirePresent(licences, "licences"));
    }
}
