package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Fingerprint;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What an opened model consists of, by content. */
final class ModelFingerprint {
    private ModelFingerprint() {}

    private static final List<String> TOKENIZER = List.of(
            "tokenizer/tokenizer.json",
            "tokenizer/vocab.json",
            "tokenizer/merges.txt",
            "tokenizer/tokenizer_config.json",
            "tokenizer/special_tokens_map.json",
            "tokenizer/added_tokens.json");

    /**
     * Hashes the networks' configurations and weights, the tokenizer's files and the recipe's numbers.
     *
     * @param checkpoints the model as each device reads it; they differ in the variant of their weights at most
     */
    static Fingerprint of(Path folder, Collection<Checkpoint> checkpoints, OneStep recipe, Fingerprints hashes) {
        SortedMap<String, String> parts = new TreeMap<>();
        Stream<Path> networks = checkpoints.stream()
                .flatMap(checkpoint ->
                        Stream.of(checkpoint.textWeights(), checkpoint.unetWeights(), checkpoint.vaeWeights()))
                .flatMap(component -> component.files().stream());
        Stream<Path> tokenizer = TOKENIZER.stream().map(folder::resolve).filter(Files::exists);
        Stream.concat(networks, tokenizer)
                .distinct()
                .forEach(file -> parts.put(
                        folder.relativize(file).toString().replace(File.separatorChar, '/'), hashes.of(file)));
        parts.put("recipe", Fingerprints.sha256(text(recipe)));
        return new Fingerprint(parts);
    }

    /** The numbers in words of their own, so that a pin outlives a change of this program. */
    private static String text(OneStep recipe) {
        return "timestep=%s input=%s noise=%s output=%s guidance=%s"
                .formatted(
                        recipe.timestep(),
                        recipe.inputScale(),
                        recipe.noiseFactor(),
                        recipe.outputFactor(),
                        recipe.guidance());
    }

    /** @throws ModelException if {@code pin} is another model's */
    static void requirePinned(String name, Fingerprint fingerprint, @Nullable String pin) {
        if (pin != null && !pin.equals(fingerprint.sha256())) {
            throw new ModelException(
                    "%s has the fingerprint %s, but %s is pinned; its files or its recipe are not those that were pinned"
                            .formatted(name, fingerprint, pin));
        }
    }
}
