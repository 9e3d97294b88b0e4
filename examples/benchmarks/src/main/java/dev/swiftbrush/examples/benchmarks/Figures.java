package dev.swiftbrush.examples.benchmarks;

import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** What one process measured: numbers and words by name. Goes from process to process as lines of text. */
final class Figures {
    private final Map<String, String> values = new TreeMap<>();

    static Figures parse(Iterable<String> lines) {
        Figures figures = new Figures();
        for (String line : lines) {
            int end = line.indexOf('=');
            if (end > 0) {
                figures.values.put(line.substring(0, end), line.substring(end + 1));
            }
        }
        return figures;
    }

    void number(String name, double value) {
        values.put(name, Double.toString(value));
    }

    void text(String name, String value) {
        values.put(name, value);
    }

    /** Of several times of the same name, the least is kept. */
    void seconds(String name, Duration time) {
        double seconds = time.toNanos() / 1e9;
        number(name, Math.min(seconds, number(name).orElse(seconds)));
    }

    /** The time since {@code start}, a {@link System#nanoTime}. */
    void secondsSince(String name, long start) {
        seconds(name, Duration.ofNanos(System.nanoTime() - start));
    }

    /** The peak memory of this process up to now; nothing where the operating system does not tell. */
    void peakMemory(String name) {
        Machine.peakBytes().ifPresent(bytes -> values.put(name, Long.toString(bytes)));
    }

    /** The memory of this process now; nothing where the operating system does not tell. */
    void residentMemory(String name) {
        Machine.residentBytes().ifPresent(bytes -> values.put(name, Long.toString(bytes)));
    }

    String text(String name) {
        return values.getOrDefault(name, "n/a");
    }

    OptionalDouble number(String name) {
        String value = values.get(name);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(value));
    }

    Map<String, String> values() {
        return Collections.unmodifiableMap(values);
    }
}
