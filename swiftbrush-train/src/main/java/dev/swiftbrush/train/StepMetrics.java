package dev.swiftbrush.train;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is known after a step of training. Immutable and thread-safe.
 *
 * @param step the step that was completed, counted from 1 and on over a resumed run
 * @param totalSteps the step that ends the run; at least {@code step}
 * @param epoch the pass over the data that the step belongs to, counted from 0
 * @param values named figures in the order they are shown; a slash groups them: {@code "loss/student"}, {@code
 *     "grad_norm/lora"}, {@code "lr/student"}. A figure may be infinite or not a number: that is what one wants to see
 * @param stepTime wall-clock time of this step
 * @param samplesPerSecond throughput of the last few steps; 0 if not known
 * @param residentBytes the process's memory now; 0 if the system does not say
 * @param peakResidentBytes the most it has been; 0 if the system does not say
 * @param elapsed since the first step of this process
 * @param remaining how long the other steps will take at the present pace
 */
public record StepMetrics(
        long step,
        long totalSteps,
        long epoch,
        Map<String, Double> values,
        Duration stepTime,
        double samplesPerSecond,
        long residentBytes,
        long peakResidentBytes,
        Duration elapsed,
        Duration remaining) {

    /**
     * @throws IllegalArgumentException if a number is out of its range, or a value has no name
     */
    public StepMetrics {
        require(step >= 1, "step must be at least 1, but was %d", step);
        require(totalSteps >= step, "totalSteps must be at least the step %d, but was %d", step, totalSteps);
        require(epoch >= 0, "epoch must not be negative, but was %d", epoch);
        require(!stepTime.isNegative(), "stepTime must not be negative, but was %s", stepTime);
        require(
                samplesPerSecond >= 0 && samplesPerSecond < Double.POSITIVE_INFINITY,
                "samplesPerSecond must be finite and not negative, but was %s",
                samplesPerSecond);
        require(residentBytes >= 0, "residentBytes must not be negative, but was %d", residentBytes);
        require(peakResidentBytes >= 0, "peakResidentBytes must not be negative, but was %d", peakResidentBytes);
        require(!elapsed.isNegative(), "elapsed must not be negative, but was %s", elapsed);
        require(!remaining.isNegative(), "remaining must not be negative, but was %s", remaining);
        require(values.keySet().stream().noneMatch(String::isBlank), "a value of step %d has no name", step);
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    private static void require(boolean condition, String message, Object... figures) {
        if (!condition) {
            throw new IllegalArgumentException(message.formatted(figures));
        }
    }
}
