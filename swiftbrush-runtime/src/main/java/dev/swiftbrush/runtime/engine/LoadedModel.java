package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.Precision;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.util.Map;

/** A model whose files were read and fit together, before a device opens it. Immutable and thread-safe. */
interface LoadedModel {

    /** @throws ModelException if the networks cannot take what the recipe gives them */
    void requireFits(Recipe recipe);

    /** The hashes of the files that the model consists of, by names that do not tell where it lies. */
    Map<String, String> hashes(Fingerprints known);

    /** Opens the tokenizer; the caller closes it. */
    PromptTokenizer openTokenizer();

    /** @param tokens of a prompt */
    ModelShape shape(int tokens);

    /**
     * The model on one device.
     *
     * @param tokens of a prompt
     * @throws IllegalArgumentException if the model cannot be run in {@code precision} there
     */
    OnDevice on(ComputeDevice device, Precision precision, OneStep recipe, int tokens, GraphCache cache);
}
