package dev.swiftbrush.spi;

/**
 * Opens models; an engine's entry point, found with {@link java.util.ServiceLoader}. Implementations are thread-safe.
 *
 * <p>The class path of an application holds exactly one.
 */
public interface EngineProvider {

    /** Returns the engine's name, which tells it from others in a message. */
    String name();

    /**
     * Opens a model; the caller closes it.
     *
     * @throws dev.swiftbrush.ModelException if the model cannot be used, or has another licence or fingerprint than it must
     * @throws dev.swiftbrush.DownloadException if the model cannot be got from its hub
     * @throws dev.swiftbrush.DeviceException if the device cannot be had
     */
    Engine open(EngineConfig config);
}
