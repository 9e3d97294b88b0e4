package dev.swiftbrush.runtime.reference;

/** How far values are from the reference's; infinitely far where one is not a number. */
final class Deviation {
    private Deviation() {}

    /** The largest difference, as a share of the reference's standard deviation. */
    static double largest(float[] values, float[] reference) {
        double mean = 0;
        for (float value : reference) {
            mean += value / reference.length;
        }
        double variance = 0;
        for (float value : reference) {
            variance += (value - mean) * (value - mean) / reference.length;
        }
        return largestDifference(values, reference) / Math.sqrt(variance);
    }

    static double largestDifference(float[] values, float[] reference) {
        if (values.length != reference.length) {
            throw new AssertionError("%d values, but the reference has %d".formatted(values.length, reference.length));
        }
        double largest = 0;
        for (int i = 0; i < values.length; i++) {
            double difference = Math.abs((double) values[i] - reference[i]);
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return largest;
    }
}
