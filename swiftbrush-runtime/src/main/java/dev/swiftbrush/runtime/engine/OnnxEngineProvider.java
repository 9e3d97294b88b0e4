package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.runtime.hub.HubSettings;
import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.EngineProvider;
import dev.swiftbrush.spi.ModelSource;
import java.nio.channels.ClosedChannelException;

/** Opens checkpoints on ONNX Runtime. Thread-safe. */
public final class OnnxEngineProvider implements EngineProvider {

    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public Engine open(EngineConfig config) {
        NativeLibraries.load();
        try {
            return OnnxEngine.open(config, HubSettings::ofThisProcess);
        } catch (ModelException e) { // of a file that was read while the thread was interrupted, in many words
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof ClosedChannelException) {
                    throw new SwiftBrushException(
                            "Opening %s was interrupted; call build() again on a thread that is not"
                                    .formatted(
                                            config.model() instanceof ModelSource.Folder folder
                                                    ? folder.path()
                                                    : config.model()),
                            e);
                }
            }
            throw e;
        }
    }
}
