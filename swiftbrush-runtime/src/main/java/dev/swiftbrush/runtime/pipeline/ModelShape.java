package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.ImageSize;
import org.jspecify.annotations.Nullable;

/**
 * The sizes that a model fixes.
 *
 * @param tokens of a prompt
 * @param hiddenWidth of the text encoder's hidden states
 * @param latentChannels of the noise
 * @param latentScale pixels behind one latent, in each direction
 * @param sizeMultiple what width and height must be multiples of
 * @param defaultSize of the images, where the checkpoint has one
 */
public record ModelShape(
        int tokens,
        int hiddenWidth,
        int latentChannels,
        int latentScale,
        int sizeMultiple,
        @Nullable ImageSize defaultSize) {

    /**
     * The size to draw when {@code asked} for.
     *
     * @param asked null for the model's own
     * @throws IllegalArgumentException if the model cannot draw it, or has no size of its own
     */
    public ImageSize size(@Nullable ImageSize asked) {
        if (asked == null) {
            if (defaultSize == null) {
                throw new IllegalArgumentException(
                        "the model has no size of its own (no sample_size in unet/config.json); give width and height");
            }
            return defaultSize;
        }
        requireMultiple("width", asked.width());
        requireMultiple("height", asked.height());
        return asked;
    }

    private void requireMultiple(String side, int pixels) {
        if (pixels % sizeMultiple != 0) {
            int below = pixels / sizeMultiple * sizeMultiple;
            int above = below + sizeMultiple;
            String nearest = below == 0 ? "nearest is " + above : "nearest are %d and %d".formatted(below, above);
            throw new IllegalArgumentException(
                    "%s must be a multiple of %d, but was %d; the %s".formatted(side, sizeMultiple, pixels, nearest));
        }
    }
}
