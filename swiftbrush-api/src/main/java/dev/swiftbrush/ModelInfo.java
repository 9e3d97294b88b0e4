package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import org.jspecify.annotations.Nullable;

/**
 * What an opened model is and where it runs. Immutable and thread-safe.
 *
 * @param name the model's name, as an image records it
 * @param recipe the recipe by which one network call becomes an image
 * @param device the device that was taken, for example {@code cuda:0}
 * @param precision the number format that was taken, for example {@code FP32}
 * @param defaultSize the size of an image whose request names none, or null if every request must name one
 * @param sizeMultiple what width and height have to be multiples of
 * @param maxTokens the tokens of a prompt that have an effect, start and end token included
 * @param licence the licence that the model states, as an image records it
 * @param fingerprint what the model consists of; its {@link Fingerprint#sha256()} is what an image records and what
 *     {@link SwiftBrush.Builder#pin} takes
 */
public record ModelInfo(
        String name,
        String recipe,
        String device,
        String precision,
        @Nullable ImageSize defaultSize,
        int sizeMultiple,
        int maxTokens,
        Licence licence,
        Fingerprint fingerprint) {

    /**
     * @throws IllegalArgumentException if a text, the licence or the fingerprint is absent, or a number is below 1
     */
    public ModelInfo {
        requirePresent(name, "name");
        requirePresent(recipe, "recipe");
        requirePresent(device, "device");
        requirePresent(precision, "precision");
        requireArgument(sizeMultiple >= 1, "sizeMultiple must be positive, but was %d", sizeMultiple);
        requireArgument(maxTokens >= 1, "maxTokens must be positive, but was %d", maxTokens);
        requirePresent(licence, "licence");
        requirePresent(fingerprint, "fingerprint");
    }
}
