package dev.swiftbrush;

import static dev.swiftbrush.Checks.requirePresent;

/**
 * What an image was made from: enough to make it again. Immutable and thread-safe.
 *
 * <p>{@code toString} shows the prompt: keep it out of logs.
 *
 * @param prompt the whole prompt, also what was truncated
 * @param seed the seed, an unsigned 64-bit number
 * @param model the model's name
 * @param recipe the recipe by which one network call became the image
 * @param noise the name of the {@link NoiseGenerator}
 * @param licence the model's {@link Licence}, as text
 * @param fingerprint the model's {@link Fingerprint#sha256()}
 */
public record Provenance(
        String prompt, long seed, String model, String recipe, String noise, String licence, String fingerprint) {

    /**
     * @throws IllegalArgumentException if a text is absent
     */
    public Provenance {
        requirePresent(prompt, "prompt");
        requirePresent(model, "model");
        requirePresent(recipe, "recipe");
        requirePresent(noise, "noise");
        requirePresent(licence, "licence");
        requirePresent(fingerprint, "fingerprint");
    }
}
