package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.QueueFullException;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;

/** What became of the requests, as their callers saw it. Thread-safe. */
final class SoakCounts {

    /** How a request may end. */
    enum Outcome {
        COMPLETED,
        REJECTED,
        NO_SESSION,
        DEADLINE,
        CANCELLED,
        FAILED,
        /** Another picture than the one asked for. */
        WRONG
    }

    private final LongAdder submitted = new LongAdder();
    private final Map<Outcome, LongAdder> outcomes = new ConcurrentHashMap<>();
    private final Queue<Long> nanos = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    void submitted() {
        submitted.increment();
    }

    void completed(Duration time, boolean right) {
        nanos.add(time.toNanos());
        end(right ? Outcome.COMPLETED : Outcome.WRONG);
    }

    void ended(Throwable reason) {
        Outcome outcome = outcome(reason);
        if (outcome == Outcome.FAILED) {
            failures.add(reason);
        }
        end(outcome);
    }

    private void end(Outcome outcome) {
        outcomes.computeIfAbsent(outcome, missing -> new LongAdder()).increment();
    }

    private static Outcome outcome(Throwable reason) {
        if (reason instanceof QueueFullException) {
            return Outcome.REJECTED;
        }
        if (reason instanceof NoSessionException) {
            return Outcome.NO_SESSION;
        }
        if (reason instanceof DeadlineExceededException) {
            return Outcome.DEADLINE;
        }
        boolean cancelled = reason instanceof GenerationCancelledException || reason instanceof CancellationException;
        return cancelled ? Outcome.CANCELLED : Outcome.FAILED;
    }

    long submittedCount() {
        return submitted.sum();
    }

    long count(Outcome outcome) {
        LongAdder counted = outcomes.get(outcome);
        return counted == null ? 0 : counted.sum();
    }

    /** Requests that ended, in whatever way. */
    long endedCount() {
        return outcomes.values().stream().mapToLong(LongAdder::sum).sum();
    }

    Queue<Throwable> failures() {
        return failures;
    }

    /** What so many of 100 completed requests took no longer than. */
    Duration percentile(double percent) {
        long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
        int index = (int) Math.ceil(percent / 100 * sorted.length) - 1;
        return sorted.length == 0 ? Duration.ZERO : Duration.ofNanos(sorted[Math.max(0, index)]);
    }
}
