package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.weights.WeightFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;

/** How a model on disk is laid out, and so where its parts are found. Immutable and thread-safe. */
sealed interface ModelLayout permits DiffusersFolder, OriginalFile {

    /**
     * The layout of what lies at {@code path}; whether a folder holds a model is found when its parts are read.
     *
     * @throws ModelException if it is a file that is no model
     */
    static ModelLayout of(Path path) {
        if (!Files.isRegularFile(path)) {
            return new DiffusersFolder(path);
        }
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        if (WeightFiles.PICKLES.stream().anyMatch(name::endsWith)) {
            throw new ModelException(
                    "%s is a pickle, which can run code when loaded and is never loaded; get the model as a .safetensors file, or load it in Python and write it again with save_pretrained(folder, safe_serialization=True)"
                            .formatted(path));
        }
        if (!name.endsWith(".safetensors")) {
            throw new ModelException(
                    "%s is neither a folder nor a .safetensors, .zip or .jar file; a model is one of them"
                            .formatted(path));
        }
        return OriginalFile.open(path);
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
