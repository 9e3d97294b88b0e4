package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Licence;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;

/** How a model on disk is laid out, and so where its parts are found. Immutable and thread-safe. */
sealed interface ModelLayout permits DiffusersFolder {

    /** The layout of what lies at {@code path}; whether it holds a model is found when its parts are read. */
    static ModelLayout of(Path path) {
        return new DiffusersFolder(path);
    }

    /** The licence that the model states. */
    Licence licence();

    /** Fills in the numbers of a recipe from the model's noise schedule. */
    OneStep resolve(Recipe recipe);

    /** @param preferFp16 whether weights of the {@code fp16} variant are taken where both are there */
    Checkpoint checkpoint(boolean preferFp16);

    /**
     * The tokenizer of CLIP's text model.
     *
     * @param positions the tokens that the text encoder reads
     */
    ClipTokenizer tokenizer(int positions);

    /**
     * The hashes of what the model consists of, by names that do not tell where it lies.
     *
     * @param checkpoints the model as each device reads it; they differ in the variant of their weights at most
     */
    Map<String, String> hashes(Collection<Checkpoint> checkpoints, Fingerprints known);
}
