package dev.swiftbrush.examples.emoji;

import java.util.Random;

/** Spoils pictures, so that it can be seen what a measure makes of it. */
final class Damage {
    private static final int BLUR = 2;
    private static final double NOISE = 40;

    private Damage() {}

    /** Means over 5x5 pixels. */
    static byte[] blurred(byte[] rgb, int width) {
        int height = rgb.length / 3 / width;
        byte[] result = new byte[rgb.length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    int sum = 0;
                    int count = 0;
                    for (int j = Math.max(0, y - BLUR); j <= Math.min(height - 1, y + BLUR); j++) {
                        for (int i = Math.max(0, x - BLUR); i <= Math.min(width - 1, x + BLUR); i++) {
                            sum += rgb[3 * (j * width + i) + channel] & 0xFF;
                            count++;
                        }
                    }
                    result[3 * (y * width + x) + channel] = (byte) Math.round((double) sum / count);
                }
            }
        }
        return result;
    }

    /** Normal noise with a deviation of 40 levels. */
    static byte[] noisy(byte[] rgb, Random random) {
        byte[] result = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            long level = Math.round((rgb[i] & 0xFF) + NOISE * random.nextGaussian());
            result[i] = (byte) Math.max(0, Math.min(255, level));
        }
        return result;
    }
}
