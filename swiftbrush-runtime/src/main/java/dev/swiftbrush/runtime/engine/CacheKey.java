package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.session.ComputeDevice;
import java.nio.file.Path;
import java.util.Map;

/**
 * All that a checkpoint's graphs depend on.
 *
 * @param files whose content counts: configurations and weights, in order, by names that do not tell where they lie
 * @param settings everything else, in words
 */
record CacheKey(Map<String, Path> files, String settings) {

    static CacheKey of(GraphExport export, OneStep recipe, ComputeDevice device, int tokens) {
        String kind = device instanceof ComputeDevice.Cuda ? "cuda" : "cpu";
        String settings = "version=%s revision=%d recipe=%s compute=%s profile=%s device=%s tokens=%d quantization=%s"
                .formatted(
                        SwiftBrush.version(),
                        GraphExport.REVISION,
                        recipe,
                        export.compute(),
                        export.profile(),
                        kind,
                        tokens,
                        export.quantization() == null
                                ? "none"
                                : Fingerprints.sha256(export.quantization().toString()));
        return new CacheKey(export.checkpoint().files(), settings);
    }
}
