package dev.swiftbrush.train.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them. */
final class Figures {

    private static final double SMALL = 1e-3;
    private static final double LARGE = 1e5;

    private Figures() {}

    /** Four significant digits: {@code 0.01235}, {@code 12346}, {@code 1.235e-5}. */
    static String number(double value) {
        if (value == 0 || !Double.isFinite(value)) {
            return value == 0 ? "0" : Double.toString(value);
        }
        double size = Math.abs(value);
        if (size < SMALL || size >= LARGE) {
            String[] parts = String.format(Locale.ROOT, "%.3e", value).split("e", 2);
            return plain(new BigDecimal(parts[0])) + "e" + Integer.parseInt(parts[1]);
        }
        return plain(new BigDecimal(value).round(new MathContext(size >= 1000 ? 5 : 4)));
    }

    /** {@code 12,345}. */
    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** {@code 3.2 GB}, with a thousand to each unit. */
    static String bytes(double bytes) {
        if (bytes < 1e6) {
            return String.format(Locale.ROOT, "%.0f kB", bytes / 1e3);
        }
        return bytes < 1e9
                ? String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }

    static String time(Duration time) {
        return time(time.toNanos() / 1e9);
    }

    /** The two largest units: {@code 2 d 3 h}, {@code 5 h 12 min}, {@code 4 min 7 s}, {@code 9 s}, {@code 250 ms}. */
    static String time(double seconds) {
        if (seconds < 1) {
            return Math.round(seconds * 1000) + " ms";
        }
        if (seconds < 10) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        if (whole < 3600) {
            return pair(whole / 60, "min", whole % 60, "s");
        }
        return whole < 86_400
                ? pair(whole / 3600, "h", whole % 3600 / 60, "min")
                : pair(whole / 86_400, "d", whole % 86_400 / 3600, "h");
    }

    private static String pair(long large, String largeUnit, long small, String smallUnit) {
        return large + " " + largeUnit + " " + small + " " + smallUnit;
    }

    private static String plain(BigDecimal value) {
        return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
    }
}
