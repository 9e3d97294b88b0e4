package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.EngineProvider;
import dev.swiftbrush.spi.ModelSource;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;

/** Opens checkpoints on ONNX Runtime. Thread-safe. */
public final class OnnxEngineProvider implements EngineProvider {

    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public Engine open(EngineConfig config) {
        if (config.model() instanceof ModelSource.Folder folder) {
            NativeLibraries.load();
            return open(folder.path(), config);
        }
        throw new ModelException(
                "%s is a hub id, which this version does not download; call model(Path) with a diffusers folder on disk"
                        .formatted(config.model()));
    }

    /** Files that are read while the thread is interrupted fail in many words, none of which says so plainly. */
    private static Engine open(Path folder, EngineConfig config) {
        try {
            return OnnxEngine.open(folder, config);
        } catch (ModelException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof ClosedByInterruptException) {
                    throw new SwiftBrushException(
                            "Opening %s was interrupted; call build() again on a thread that is not".formatted(folder),
                            e);
                }
            }
            throw e;
        }
    }
}
