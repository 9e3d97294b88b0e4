package dev.swiftbrush.runtime.reference;

/** How far values are from the reference's. */
final class Deviation {
    private Deviation() {}

    /** The largest difference, as a share of the reference's standard deviation. */
    static double largest(float[] values, float[] reference) {
        if (values.length != reference.length) {
            throw new AssertionError("%d values, but the reference has %d".formatted(values.length, reference.length));
        }
        double mean = 0;
        for (float value : reference) {
            mean += value / reference.length;
        }
        double variance = 0;
        double largest = 0;
        for (int i = 0; i < values.length; i++) {
            variance += (reference[i] - mean) * (reference[i] - mean) / reference.length;
            double difference = Math.abs(values[i] - reference[i]);
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return largest / Math.sqrt(variance);
    }
}
