package dev.swiftbrush.examples.micrometer;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.GenerationEvent;
import dev.swiftbrush.GenerationListener;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.SwiftBrush;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;

/**
 * Tells a registry of every stage and every outcome; given to a model with {@link SwiftBrush.Builder#listener}. Thread-safe.
 *
 * <ul>
 *   <li>{@code swiftbrush.stage}, a timer by {@code stage} and {@code device};
 *   <li>{@code swiftbrush.batch}, how many requests a network call was made for, by {@code device};
 *   <li>{@code swiftbrush.image}, a timer of requests that got their image, by {@code size};
 *   <li>{@code swiftbrush.requests}, a counter by {@code outcome}: completed, rejected, timed_out, cancelled or failed.
 * </ul>
 *
 * <p>Every tag has few values: sizes are those that the application asks for.
 */
public final class MicrometerListener implements GenerationListener {
    private final MeterRegistry registry;

    /** Makes its meters in {@code registry} as they are needed. */
    public MicrometerListener(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void onEvent(GenerationEvent event) {
        if (event instanceof GenerationEvent.Stage stage) {
            stage(stage);
        } else if (event instanceof GenerationEvent.Completed completed) {
            Timer.builder("swiftbrush.image")
                    .description("From the request to its image")
                    .tag("size", completed.size().toString())
                    .publishPercentileHistogram()
                    .register(registry)
                    .record(completed.total());
            count("completed");
        } else if (event instanceof GenerationEvent.Failed failed) {
            count(outcome(failed.reason()));
        }
    }

    private void stage(GenerationEvent.Stage stage) {
        String device = stage.device() == null ? "none" : stage.device();
        String name = stage.stage().name().toLowerCase(Locale.ROOT);
        Timer.builder("swiftbrush.stage")
                .description("One stage of one or more requests")
                .tags("stage", name, "device", device)
                .register(registry)
                .record(stage.time());
        if (stage.stage() == GenerationEvent.StageName.GENERATING) {
            DistributionSummary.builder("swiftbrush.batch")
                    .description("Requests that share a network call")
                    .baseUnit("requests")
                    .tag("device", device)
                    .register(registry)
                    .record(stage.batch());
        }
    }

    private void count(String outcome) {
        Counter.builder("swiftbrush.requests")
                .description("Requests that have ended")
                .tag("outcome", outcome)
                .register(registry)
                .increment();
    }

    /** As {@link dev.swiftbrush.Stats} counts them. */
    private static String outcome(Throwable reason) {
        if (reason instanceof QueueFullException) {
            return "rejected";
        }
        if (reason instanceof NoSessionException || reason instanceof DeadlineExceededException) {
            return "timed_out";
        }
        return reason instanceof GenerationCancelledException ? "cancelled" : "failed";
    }
}
