package dev.swiftbrush;

import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.EngineProvider;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** Finds the engine on the class path. */
final class Engines {

    private Engines() {}

    /** Opens a model with the engine that is found. */
    static Engine open(EngineConfig config) {
        EngineProvider provider = find();
        try {
            return provider.open(config);
        } catch (LinkageError e) {
            throw new SwiftBrushException(
                    "The SwiftBrush runtime cannot be loaded, something it depends on is not on the class path or module path: "
                            + e,
                    e);
        }
    }

    /**
     * Returns the one engine that the thread's context class loader sees or, if that sees none, this class's own
     * loader.
     */
    static EngineProvider find() {
        List<EngineProvider> seen = load(Thread.currentThread().getContextClassLoader());
        return onlyOne(seen.isEmpty() ? load(Engines.class.getClassLoader()) : seen);
    }

    private static List<EngineProvider> load(@Nullable ClassLoader loader) {
        try {
            return StreamSupport.stream(
                            ServiceLoader.load(EngineProvider.class, loader).spliterator(), false)
                    .toList();
        } catch (ServiceConfigurationError | LinkageError e) {
            throw new SwiftBrushException(
                    "A SwiftBrush runtime on the class path cannot be loaded: " + e.getMessage(), e);
        }
    }

    private static EngineProvider onlyOne(List<EngineProvider> found) {
        if (found.isEmpty()) {
            throw new SwiftBrushException(
                    "No SwiftBrush runtime on the class path; add dev.swiftbrush:swiftbrush-runtime");
        }
        if (found.size() > 1) {
            String names = found.stream().map(EngineProvider::name).sorted().collect(Collectors.joining(", "));
            throw new SwiftBrushException(
                    found.size() + " SwiftBrush runtimes on the class path: " + names + "; keep one");
        }
        return found.get(0);
    }
}
