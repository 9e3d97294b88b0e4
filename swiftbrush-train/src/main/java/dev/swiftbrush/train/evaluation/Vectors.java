package dev.swiftbrush.train.evaluation;

/** Arithmetic on vectors. */
final class Vectors {
    private Vectors() {}

    static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double difference = (double) a[i] - b[i];
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }

    static float[] normalized(float[] vector) {
        double length = Math.sqrt(dot(vector, vector));
        float[] result = new float[vector.length];
        for (int i = 0; i < vector.length && length > 0; i++) {
            result[i] = (float) (vector[i] / length);
        }
        return result;
    }
}
