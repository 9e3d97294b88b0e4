package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.runtime.hub.HubSettings;
import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.EngineProvider;

/** Opens checkpoints on ONNX Runtime. Thread-safe. */
public final class OnnxEngineProvider implements EngineProvider {

    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public Engine open(EngineConfig config) {
        return OnnxEngine.open(config, HubSettings::ofThisProcess);
    }
}
