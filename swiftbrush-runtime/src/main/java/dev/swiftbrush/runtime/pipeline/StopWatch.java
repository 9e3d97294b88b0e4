package dev.swiftbrush.runtime.pipeline;

import java.time.Duration;

/** Measures stages that follow one another. Use from one thread. */
final class StopWatch {
    private final long start = System.nanoTime();
    private long lap = start;

    /** The time since the last lap. */
    Duration lap() {
        long now = System.nanoTime();
        Duration elapsed = Duration.ofNanos(now - lap);
        lap = now;
        return elapsed;
    }

    Duration total() {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
