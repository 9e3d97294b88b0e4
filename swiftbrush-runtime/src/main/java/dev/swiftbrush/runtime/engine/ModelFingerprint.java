package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Fingerprint;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.recipe.OneStep;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What an opened model consists of, by content. */
final class ModelFingerprint {
    private ModelFingerprint() {}

    /**
     * Joins the hashes of a model's files and the recipe's numbers.
     *
     * @param hashes by the names of parts
     */
    static Fingerprint of(Map<String, String> hashes, OneStep recipe) {
        SortedMap<String, String> parts = new TreeMap<>(hashes);
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
