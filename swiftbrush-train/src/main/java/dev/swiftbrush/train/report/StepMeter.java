package dev.swiftbrush.train.report;

import dev.swiftbrush.train.StepMetrics;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Times the steps of a run and makes their metrics. Use from one thread: {@link #begin()} before each step, {@link
 * #completed} after it.
 *
 * <p>Throughput counts the time of the last 20 steps alone. The time that remains counts also what lies between them, such as
 * sample grids and checkpoints, and looks back over 200 steps.
 */
public final class StepMeter {

    private static final int PACE_STEPS = 20;
    private static final int OUTLOOK_STEPS = 200;

    private final long totalSteps;
    private final LongSupplier nanoTime;
    private final Supplier<ProcessMemory> memory;
    private final long startedAt;
    private final Deque<Step> pace = new ArrayDeque<>();
    private final Deque<Long> ends = new ArrayDeque<>(); // the start of the run, or the end of a step

    private long step;
    private long begunAt;

    private record Step(long nanos, int samples) {}

    /**
     * @param totalSteps the step that ends the run
     * @param completedSteps the step that a resumed run goes on from; 0 for a new one
     */
    public StepMeter(long totalSteps, long completedSteps) {
        this(totalSteps, completedSteps, System::nanoTime, ProcessMemory::now);
    }

    StepMeter(long totalSteps, long completedSteps, LongSupplier nanoTime, Supplier<ProcessMemory> memory) {
        if (completedSteps < 0 || completedSteps > totalSteps) {
            throw new IllegalArgumentException("completedSteps must be from 0 to the %d of the run, but was %d"
                    .formatted(totalSteps, completedSteps));
        }
        this.totalSteps = totalSteps;
        this.step = completedSteps;
        this.nanoTime = nanoTime;
        this.memory = memory;
        this.startedAt = nanoTime.getAsLong();
        this.begunAt = startedAt;
        ends.add(startedAt);
    }

    /** The next step starts now. */
    public void begin() {
        begunAt = nanoTime.getAsLong();
    }

    /**
     * The step has ended now.
     *
     * @param samples how many samples it took, over all its accumulated batches
     * @param values see {@link StepMetrics#values()}
     */
    public StepMetrics completed(long epoch, int samples, Map<String, Double> values) {
        long now = nanoTime.getAsLong();
        step++;
        pace.add(new Step(now - begunAt, samples));
        if (pace.size() > PACE_STEPS) {
            pace.remove();
        }
        ends.add(now);
        if (ends.size() > OUTLOOK_STEPS + 1) {
            ends.remove();
        }
        ProcessMemory used = memory.get();
        return new StepMetrics(
                step,
                totalSteps,
                epoch,
                values,
                Duration.ofNanos(now - begunAt),
                samplesPerSecond(),
                used.residentBytes(),
                used.peakBytes(),
                Duration.ofNanos(now - startedAt),
                remaining(now));
    }

    private double samplesPerSecond() {
        long nanos = pace.stream().mapToLong(Step::nanos).sum();
        long samples = pace.stream().mapToLong(Step::samples).sum();
        return nanos == 0 ? 0 : samples * 1e9 / nanos;
    }

    private Duration remaining(long now) {
        double nanosPerStep = (double) (now - ends.element()) / (ends.size() - 1);
        return Duration.ofNanos((long) (nanosPerStep * (totalSteps - step)));
    }
}
