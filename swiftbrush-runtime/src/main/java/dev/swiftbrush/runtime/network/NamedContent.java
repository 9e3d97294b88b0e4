package dev.swiftbrush.runtime.network;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A part of a model that is not this project's own format, and where it lies. */
public sealed interface NamedContent {

    /** SHA-256 in lower-case hex, or null if whatever is there will do. */
    @Nullable
    String sha256();

    /** A file in the model's folder. */
    record InFolder(Path file, @Nullable String sha256) implements NamedContent {
        @Override
        public String toString() {
            return file.toString();
        }
    }

    /**
     * A resource on the class path.
     *
     * @param name as class loaders take it, without a slash in front
     * @param artifact Maven coordinates of what to add to the class path if it is not there
     */
    record OnClassPath(String name, String sha256, String artifact) implements NamedContent {
        @Override
        public String toString() {
            return "classpath:" + name;
        }
    }
}
