package dev.swiftbrush.spi;

import java.nio.file.Path;
import java.util.Objects;

/** Where a recipe comes from: how one network call becomes an image. Immutable and thread-safe. */
public sealed interface RecipeSource permits RecipeSource.Preset, RecipeSource.File {

    /**
     * A recipe that the engine knows by name.
     *
     * @param name the preset's name; which there are is the engine's to say
     */
    record Preset(String name) implements RecipeSource {
        /** Refuses an absent name. */
        public Preset {
            Objects.requireNonNull(name, "name must not be null");
        }
    }

    /**
     * A recipe in a JSON file.
     *
     * @param path the file
     */
    record File(Path path) implements RecipeSource {
        /** Refuses an absent path. */
        public File {
            Objects.requireNonNull(path, "path must not be null");
        }
    }
}
