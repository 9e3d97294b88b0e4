package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.GenerationEvent;
import dev.swiftbrush.GenerationEvent.StageName;
import dev.swiftbrush.GenerationListener;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.Stats;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what becomes of requests, and tells the listeners. Thread-safe. */
final class Metrics {
    private static final Logger log = LoggerFactory.getLogger(Metrics.class);
    private static final long LONGEST_MICROS = Duration.ofHours(1).toNanos() / 1000;
    private static final int DIGITS = 2;

    private final List<GenerationListener> listeners;
    private final AtomicBoolean complained = new AtomicBoolean();
    private final LongAdder completed = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder timedOut = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder networkCalls = new LongAdder();
    private final Histogram micros = new ConcurrentHistogram(LONGEST_MICROS, DIGITS);

    Metrics(List<GenerationListener> listeners) {
        this.listeners = listeners;
    }

    void stage(StageName stage, Duration time, int batch, @Nullable Lane lane) {
        if (stage == StageName.GENERATING) {
            networkCalls.increment();
        }
        if (!listeners.isEmpty()) {
            tell(new GenerationEvent.Stage(stage, time, batch, lane == null ? null : lane.toString()));
        }
    }

    void completed(Duration total, ImageSize size) {
        completed.increment();
        micros.recordValue(Math.min(total.toNanos() / 1000, LONGEST_MICROS));
        if (!listeners.isEmpty()) {
            tell(new GenerationEvent.Completed(total, size));
        }
    }

    void failed(Throwable reason) {
        counterOf(reason).increment();
        if (!listeners.isEmpty()) {
            tell(new GenerationEvent.Failed(reason));
        }
    }

    private LongAdder counterOf(Throwable reason) {
        if (reason instanceof QueueFullException) {
            return rejected;
        }
        if (reason instanceof NoSessionException || reason instanceof DeadlineExceededException) {
            return timedOut;
        }
        return reason instanceof GenerationCancelledException ? cancelled : failed;
    }

    private void tell(GenerationEvent event) {
        for (GenerationListener listener : listeners) {
            try {
                listener.onEvent(event);
            } catch (Throwable e) { // checked ones too, which Kotlin and Scala throw undeclared
                if (complained.compareAndSet(false, true)) {
                    log.warn("A listener failed, as it may again without being logged: {}", listener, e);
                }
            }
        }
    }

    Stats stats(JobQueue.Counts pool, PromptCache prompts) {
        return new Stats(
                pool.sessions(),
                pool.busy(),
                pool.waiting(),
                completed.sum(),
                failed.sum(),
                rejected.sum(),
                timedOut.sum(),
                cancelled.sum(),
                networkCalls.sum(),
                prompts.hits(),
                prompts.misses(),
                prompts.bytes(),
                new Stats.Latencies(
                        micros.getTotalCount(), percentile(50), percentile(95), percentile(99), percentile(100)));
    }

    private Duration percentile(double percent) {
        return Duration.ofNanos(micros.getValueAtPercentile(percent) * 1000);
    }
}
