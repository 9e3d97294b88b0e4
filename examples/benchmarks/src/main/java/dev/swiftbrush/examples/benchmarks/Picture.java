package dev.swiftbrush.examples.benchmarks;

/** The bytes of an image, as numbers: whether it is one that a comparison can trust. */
record Picture(byte[] rgb) {

    /** Of the levels, 0 to 255. */
    double standardDeviation() {
        double sum = 0;
        double squares = 0;
        for (byte level : rgb) {
            int value = Byte.toUnsignedInt(level);
            sum += value;
            squares += (double) value * value;
        }
        double mean = sum / rgb.length;
        return Math.sqrt(squares / rgb.length - mean * mean);
    }

    /** The share of levels that are 0 or 255. */
    double clipped() {
        int clipped = 0;
        for (byte level : rgb) {
            clipped += level == 0 || level == (byte) 255 ? 1 : 0;
        }
        return (double) clipped / rgb.length;
    }

    /** Levels over 20 apart on the whole, and under 5% of them at an end. */
    boolean isUnsaturated() {
        return standardDeviation() > 20 && clipped() < 0.05;
    }

    /** Peak signal-to-noise ratio in dB; the other image is of the same size. */
    double psnr(Picture other) {
        requireSameSize(other);
        double squares = 0;
        for (int i = 0; i < rgb.length; i++) {
            double difference = Byte.toUnsignedInt(rgb[i]) - Byte.toUnsignedInt(other.rgb[i]);
            squares += difference * difference;
        }
        return 10 * Math.log10(255.0 * 255 * rgb.length / squares);
    }

    /** In levels; the other image is of the same size. */
    int largestDifference(Picture other) {
        requireSameSize(other);
        int largest = 0;
        for (int i = 0; i < rgb.length; i++) {
            largest = Math.max(largest, Math.abs(Byte.toUnsignedInt(rgb[i]) - Byte.toUnsignedInt(other.rgb[i])));
        }
        return largest;
    }

    private void requireSameSize(Picture other) {
        if (rgb.length != other.rgb.length) {
            throw new IllegalArgumentException(
                    "images of %d and %d bytes cannot be compared".formatted(rgb.length, other.rgb.length));
        }
    }
}
