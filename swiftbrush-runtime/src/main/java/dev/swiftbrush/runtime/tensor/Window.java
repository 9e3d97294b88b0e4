package dev.swiftbrush.runtime.tensor;

/**
 * How a square convolution kernel moves over an image.
 *
 * @param stride pixels from one position to the next
 * @param before zeros added above and to the left
 * @param after zeros added below and to the right
 */
public record Window(int stride, int before, int after) {

    /** Keeps the size of the image under an odd {@code kernel}. */
    public static Window same(int kernel) {
        return new Window(1, kernel / 2, (kernel - 1) / 2);
    }

    /** Halves an even size with a 3x3 kernel, zeros on every side. */
    public static Window halve() {
        return new Window(2, 1, 1);
    }

    /** Halves an even size with a 3x3 kernel, zeros only below and to the right. */
    public static Window halvePaddedAfter() {
        return new Window(2, 0, 1);
    }

    /** The size that {@code size} pixels become under {@code kernel}. */
    public long output(long size, long kernel) {
        return size == Shape.UNKNOWN ? Shape.UNKNOWN : (size + before + after - kernel) / stride + 1;
    }
}
