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
 * @param onlySize whether the model draws its default size alone
 */
public record ModelShape(
        int tokens,
        int hiddenWidth,
        int latentChannels,
        int latentScale,
        int sizeMultiple,
        @Nullable ImageSize defaultSize,
        boolean onlySize) {

    /** Of a model that draws many sizes. */
    public ModelShape(
            int tokens,
            int hiddenWidth,
            int latentChannels,
            int latentScale,
            int sizeMultiple,
            @Nullable ImageSize defaultSize) {
        this(tokens, hiddenWidth, latentChannels, latentScale, sizeMultiple, defaultSize, false);
    }

    /**
     * The size to draw where {@code asked} was given.
     *
     * @param asked null for the model's own
     * @throws IllegalArgumentException if the model cannot draw it, or has no size of its own
     */
    public ImageSize size(@Nullable ImageSize asked) {
        ImageSize size = asked != null ? asked : defaultSize;
        if (size == null) {
            throw new IllegalArgumentException(
                    "the model has no size of its own (no sample_size in unet/config.json); give width and height");
        }
        if (onlySize && !size.equals(defaultSize)) {
            throw new IllegalArgumentException(
                    "the model was exported for images of %s alone, but %s was asked for; leave the size out, or export the model with dynamic axes"
                            .formatted(defaultSize, size));
        }
        if (!onlySize) {
            requireMultiple("width", size.width());
            requireMultiple("height", size.height());
        }
        requireAddressable(size);
        return size;
    }

    /** The model's own size, or null if it has none or cannot draw it. */
    public @Nullable ImageSize ownSize() {
        boolean drawable = defaultSize != null
                && (onlySize || (defaultSize.width() % sizeMultiple == 0 && defaultSize.height() % sizeMultiple == 0));
        return drawable ? defaultSize : null;
    }

    /** One buffer holds all of the noise. */
    private void requireAddressable(ImageSize size) {
        long pixels = (long) (size.width() / latentScale) * (size.height() / latentScale);
        long most = Integer.MAX_VALUE / Float.BYTES / latentChannels;
        if (pixels > most) {
            throw new IllegalArgumentException(
                    "%s has latents of %d pixels in %d channels; at most %d pixels fit into a buffer, so ask for a smaller image"
                            .formatted(size, pixels, latentChannels, most));
        }
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
