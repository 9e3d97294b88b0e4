package dev.swiftbrush.examples.micrometer;

import dev.swiftbrush.Stats;
import dev.swiftbrush.SwiftBrush;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;

/**
 * What a model does at the moment, asked for whenever the registry is read: {@code swiftbrush.sessions}, {@code
 * swiftbrush.sessions.busy}, {@code swiftbrush.waiting}, {@code swiftbrush.prompt.cache.bytes} and the counters {@code
 * swiftbrush.prompt.cache.hits} and {@code .misses}. Thread-safe; once the model is closed the gauges are NaN.
 */
public final class PoolMeters implements MeterBinder {
    private final SwiftBrush brush;

    /** @param brush held for as long as the registry holds the meters */
    public PoolMeters(SwiftBrush brush) {
        this.brush = brush;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(registry, "swiftbrush.sessions", "Network calls that can run at once", Stats::sessions);
        gauge(registry, "swiftbrush.sessions.busy", "Sessions at work", Stats::busy);
        gauge(registry, "swiftbrush.waiting", "Requests that wait for a session", Stats::waiting);
        gauge(registry, "swiftbrush.prompt.cache.bytes", "Encoded prompts that are kept", Stats::promptCacheBytes);
        counter(registry, "swiftbrush.prompt.cache.hits", "Prompts found encoded", Stats::promptCacheHits);
        counter(registry, "swiftbrush.prompt.cache.misses", "Prompts encoded", Stats::promptCacheMisses);
    }

    private void gauge(MeterRegistry registry, String name, String description, ToDoubleFunction<Stats> value) {
        Gauge.builder(name, () -> read(value)).description(description).register(registry);
    }

    private void counter(MeterRegistry registry, String name, String description, ToDoubleFunction<Stats> value) {
        FunctionCounter.builder(name, this, self -> self.read(value))
                .description(description)
                .register(registry);
    }

    private double read(ToDoubleFunction<Stats> value) {
        try {
            return value.applyAsDouble(brush.stats());
        } catch (IllegalStateException e) { // closed
            return Double.NaN;
        }
    }
}
