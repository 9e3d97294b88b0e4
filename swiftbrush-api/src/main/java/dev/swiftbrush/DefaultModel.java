package dev.swiftbrush;

import dev.swiftbrush.spi.ModelSource;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the model file on the class path. */
final class DefaultModel {

    private DefaultModel() {}

    /**
     * Returns the one that the thread's context class loader sees or, if that sees none, this class's own loader.
     *
     * @throws IllegalStateException if there is none, or more than one
     */
    static ModelSource find() {
        List<URL> seen = load(Thread.currentThread().getContextClassLoader());
        List<URL> found = seen.isEmpty() ? load(DefaultModel.class.getClassLoader()) : seen;
        if (found.isEmpty()) {
            throw new IllegalStateException(
                    "No model given, and none on the class path; call model(Path) with a diffusers folder or a model file or model(String) with a hub id, or add a model file to the class path");
        }
        if (found.size() > 1) {
            throw new IllegalStateException(found.size() + " model files on the class path: " + found
                    + "; keep one, or call model(Path) with the one that is meant");
        }
        try {
            return new ModelSource.ClassPath(found.get(0).toURI());
        } catch (URISyntaxException e) {
            throw new SwiftBrushException("The model file on the class path has no usable address: " + found.get(0), e);
        }
    }

    private static List<URL> load(@Nullable ClassLoader loader) {
        if (loader == null) {
            return List.of();
        }
        try {
            Map<String, URL> different =
                    new LinkedHashMap<>(); // the same jar may be listed twice; URLs compare by host
            for (URL url : Collections.list(loader.getResources(ModelSource.ClassPath.MANIFEST))) {
                different.put(url.toString(), url);
            }
            return List.copyOf(different.values());
        } catch (IOException e) {
            throw new SwiftBrushException("The class path cannot be searched for a model file: " + e, e);
        }
    }
}
