package dev.swiftbrush.train.trainer;

import java.util.Map;

/** Sums up what the parts of a step take. A GPU computes behind its back, so that there it shows waits alone. */
final class StopWatch {
    private final Map<String, Double> values;
    private long last = System.nanoTime();

    /** @param values gets {@code seconds/<part>} */
    StopWatch(Map<String, Double> values) {
        this.values = values;
    }

    /** Counts the time since the last call, or the beginning, as that of {@code part}. */
    void lap(String part) {
        long now = System.nanoTime();
        values.merge("seconds/" + part, (now - last) / 1e9, Double::sum);
        last = now;
    }
}
