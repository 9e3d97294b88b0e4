package dev.swiftbrush;

import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.EngineProvider;
import dev.swiftbrush.spi.ModelSource;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** Opens {@link FakeEngine}s; found by ServiceLoader on the tests' class path. */
public final class FakeEngineProvider implements EngineProvider {

    private static final AtomicReference<FakeEngine> OPENED = new AtomicReference<>();

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public Engine open(EngineConfig config) {
        if (config.model().equals(new ModelSource.Folder(Path.of("damaged")))) {
            throw new ModelException("unet has no tensor 'conv_in.weight'");
        }
        if (config.devices().contains(Device.cuda(255))) {
            throw new DeviceException("No CUDA device 255");
        }
        FakeEngine engine = new FakeEngine(config);
        OPENED.set(engine);
        return engine;
    }

    /** The engine that was opened last: tests open one at a time. */
    static FakeEngine opened() {
        return OPENED.get();
    }
}
