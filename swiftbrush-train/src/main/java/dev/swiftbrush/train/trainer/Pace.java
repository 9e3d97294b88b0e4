package dev.swiftbrush.train.trainer;

import java.time.Duration;

/** How fast a run goes. Use from one thread. */
final class Pace {
    private static final double SMOOTHING = 0.1;

    private final long total;
    private final int samples;
    private final long begun = System.nanoTime();

    private long last = begun;
    private long done;
    private double stepNanos;

    Pace(long first, long total, int samples) {
        this.done = first;
        this.total = total;
        this.samples = samples;
    }

    /** Notes that {@code done} steps are completed; returns what the last one took. */
    Duration step(long done) {
        long now = System.nanoTime();
        long nanos = now - last;
        last = now;
        this.done = done;
        stepNanos = stepNanos == 0 ? nanos : stepNanos + SMOOTHING * (nanos - stepNanos);
        return Duration.ofNanos(nanos);
    }

    double samplesPerSecond() {
        return samples / (stepNanos / 1e9);
    }

    Duration elapsed() {
        return Duration.ofNanos(last - begun);
    }

    Duration remaining() {
        return Duration.ofNanos((long) ((total - done) * stepNanos));
    }
}
