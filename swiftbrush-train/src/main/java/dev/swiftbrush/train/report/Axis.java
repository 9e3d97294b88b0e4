package dev.swiftbrush.train.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A range of numbers laid along 0 to 1.
 *
 * @param from the number at 0
 * @param to the number at 1; over {@code from}
 * @param logarithmic whether equal steps are equal factors; {@code from} is positive then
 */
record Axis(double from, double to, boolean logarithmic) {

    /** The least number of a logarithmic axis; a factor less is still a number. */
    static final double LEAST = 1e-250;

    private static final double MARGIN = 0.05;
    private static final double HARDLY_A_RANGE = 1e-9;

    /** A linear axis over {@code least} to {@code most}, and a little more. */
    static Axis linear(double least, double most) {
        double smallest = Math.max(Math.max(Math.abs(least), Math.abs(most)) * HARDLY_A_RANGE, Double.MIN_NORMAL);
        double range = most - least;
        double margin = range > smallest ? range * MARGIN : Math.max(Math.abs(most) * MARGIN, smallest);
        return new Axis(least - margin, most + margin, false);
    }

    /** A logarithmic axis over {@code least}, which is at least {@link #LEAST}, to {@code most}, and a little more. */
    static Axis logarithmic(double least, double most) {
        double factor = Math.max(Math.exp((Math.log(most) - Math.log(least)) * MARGIN), 1 + MARGIN);
        return new Axis(least / factor, most * factor, true);
    }

    /** Where a number lies, from 0 to 1. */
    double at(double number) {
        double place = logarithmic
                ? (Math.log(number) - Math.log(from)) / (Math.log(to) - Math.log(from))
                : (number - from) / (to - from);
        return Math.min(1, Math.max(0, place));
    }

    /** Round numbers within the range, about {@code wanted} of them. */
    List<Double> ticks(int wanted) {
        if (!logarithmic) {
            return even(wanted);
        }
        List<Double> powers = powers(wanted, 1);
        List<Double> finer = powers.size() < 3 ? powers(wanted, 1, 2, 5) : powers;
        return finer.size() < 2 ? even(wanted) : finer;
    }

    private List<Double> even(int wanted) {
        double raw = (to - from) / wanted;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double step = power * (raw < 1.5 * power ? 1 : raw < 3 * power ? 2 : raw < 7 * power ? 5 : 10);
        List<Double> ticks = new ArrayList<>();
        double first = Math.ceil(from / step);
        for (int i = 0; i <= 2 * wanted && (first + i) * step <= to; i++) {
            double tick = (first + i) * step;
            ticks.add(tick == 0 ? 0 : tick); // no -0
        }
        return ticks;
    }

    private List<Double> powers(int wanted, int... factors) {
        int first = (int) Math.floor(Math.log10(from));
        int last = (int) Math.floor(Math.log10(to));
        int stride = Math.max(1, (int) Math.ceil((last - first) / (wanted + 2.0)));
        List<Double> ticks = new ArrayList<>();
        for (int exponent = first; exponent <= last; exponent += stride) {
            for (int factor : factors) {
                double tick = Double.parseDouble(factor + "e" + exponent); // exact, as pow is not
                if (tick >= from && tick <= to) {
                    ticks.add(tick);
                }
            }
        }
        return ticks;
    }
}
