package dev.swiftbrush.spi;

import java.nio.file.Path;

/** Where a recipe comes from: how one network call becomes an image. Immutable and thread-safe. */
public sealed interface RecipeSource permits RecipeSource.Preset, RecipeSource.File {

    /**
     * A recipe that the engine knows by name.
     *
     * @param name the preset's name; which there are is the engine's to say
     */
    record Preset(String name) implements RecipeSource {
        /**
         * @throws IllegalArgumentException if the name is absent
         */
        public Preset {
            Checks.requirePresent(name, "name");
        }
    }

    /**
     * A recipe in a JSON file.
     *
     * @param path the file
     */
    record File(Path path) implements RecipeSource {
        /**
         * @throws IllegalArgumentException if the path is absent
         */
        public File {
            Checks.requirePresent(path, "path");
        }
    }
}
