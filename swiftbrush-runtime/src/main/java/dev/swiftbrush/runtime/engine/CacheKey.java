package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.session.ComputeDevice;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * All that a checkpoint's graphs depend on.
 *
 * @param files whose content counts: configurations and weights, by names relative to {@code folder}
 * @param settings everything else, in words
 */
record CacheKey(Path folder, List<Path> files, String settings) {

    static CacheKey of(GraphExport export, OneStep recipe, ComputeDevice device, int tokens) {
        Checkpoint checkpoint = export.checkpoint();
        List<Path> files = Stream.of(
                        checkpoint.textEncoder().files(),
                        checkpoint.unetWeights().files(),
                        checkpoint.vaeWeights().files())
                .flatMap(List::stream)
                .distinct()
                .toList();
        String kind = device instanceof ComputeDevice.Cuda ? "cuda" : "cpu";
        String settings = "version=%s revision=%d recipe=%s compute=%s profile=%s device=%s tokens=%d"
                .formatted(
                        SwiftBrush.version(),
                        GraphExport.REVISION,
                        recipe,
                        export.compute(),
                        export.profile(),
                        kind,
                        tokens);
        return new CacheKey(checkpoint.folder(), files, settings);
    }
}
