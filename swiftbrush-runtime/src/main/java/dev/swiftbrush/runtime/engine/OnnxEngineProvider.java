package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.EngineProvider;
import dev.swiftbrush.spi.ModelSource;

/** Opens checkpoints on ONNX Runtime. Thread-safe. */
public final class OnnxEngineProvider implements EngineProvider {

    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public Engine open(EngineConfig config) {
        if (config.model() instanceof ModelSource.Folder folder) {
            return OnnxEngine.open(folder.path(), config);
        }
        throw new ModelException(
                "%s is a hub id, which this version does not download; call model(Path) with a diffusers folder on disk"
                        .formatted(config.model()));
    }
}
