package dev.swiftbrush;

import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.EngineProvider;

/** A second engine beside {@link FakeEngineProvider}, seen only through class loaders that a test makes. */
public final class OtherEngineProvider implements EngineProvider {

    @Override
    public String name() {
        return "another";
    }

    @Override
    public Engine open(EngineConfig config) {
        throw new AssertionError("no test opens it");
    }
}
