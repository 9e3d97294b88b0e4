package dev.swiftbrush.train;

/** Checks of settings. */
final class Require {
    private Require() {}

    static void that(boolean holds, String message, Object... arguments) {
        if (!holds) {
            throw new IllegalArgumentException(message.formatted(arguments));
        }
    }

    /** Whether {@code value} is finite and above 0. */
    static boolean isRate(double value) {
        return value > 0 && value < Double.POSITIVE_INFINITY;
    }

    /** Whether {@code value} is at least 0 and less than 1. */
    static boolean isShare(double value) {
        return value >= 0 && value < 1;
    }
}
