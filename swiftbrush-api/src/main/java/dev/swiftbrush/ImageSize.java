package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;

/**
 * The width and height of an image in pixels, each from 1 to 16384. Immutable and thread-safe.
 *
 * <p>Which sizes a model can make is the model's to say: {@link ModelInfo#sizeMultiple()}.
 *
 * @param width pixels in a row
 * @param height rows
 */
public record ImageSize(int width, int height) {

    private static final int LIMIT = 16384; // 3 bytes for each of 16384 x 16384 pixels still fit into one array

    /**
     * @throws IllegalArgumentException if a side is not from 1 to 16384
     */
    public ImageSize {
        requireSide("width", width);
        requireSide("height", height);
    }

    private static void requireSide(String name, int pixels) {
        requireArgument(pixels > 0, "%s must be positive, but was %d", name, pixels);
        requireArgument(pixels <= LIMIT, "%s must be at most %d, but was %d", name, LIMIT, pixels);
    }

    /** Returns for example {@code 512x768}, the width first. */
    @Override
    public String toString() {
        return width + "x" + height;
    }
}
