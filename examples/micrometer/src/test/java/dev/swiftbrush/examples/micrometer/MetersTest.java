package dev.swiftbrush.examples.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.GenerationEvent;
import dev.swiftbrush.GenerationEvent.StageName;
import dev.swiftbrush.GenerationException;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.SwiftBrush;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MetersTest {
    private static final Path MODEL = Path.of("../../swiftbrush-runtime/src/test/resources/reference/sd2");
    private static final GenerationRequest CAT = GenerationRequest.of("a cat").withSeed(1);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final MicrometerListener listener = new MicrometerListener(registry);

    @Test
    void countsEveryOutcomeAsTheStatisticsDo() {
        Duration waited = Duration.ofSeconds(1);
        Map<String, List<Throwable>> reasons = Map.of(
                "rejected", List.of(new QueueFullException(1, 1, 1, waited)),
                "timed_out",
                        List.of(
                                new NoSessionException(1, 1, 1, waited),
                                new DeadlineExceededException(1, 1, 1, waited)),
                "cancelled", List.of(new GenerationCancelledException(1, 1, 1, waited)),
                "failed", List.of(new GenerationException("broken"), new IllegalStateException("closed")));
        reasons.forEach((outcome, all) -> {
            all.forEach(reason -> listener.onEvent(new GenerationEvent.Failed(reason)));
            assertThat(requests(outcome)).as(outcome).isEqualTo(all.size());
        });
    }

    @Test
    void timesTheStagesByDeviceAndMeasuresTheBatches() {
        listener.onEvent(new GenerationEvent.Stage(StageName.TOKENIZING, Duration.ofMillis(2), 1, null));
        listener.onEvent(new GenerationEvent.Stage(StageName.GENERATING, Duration.ofMillis(30), 3, "cuda:1"));
        assertThat(stage("tokenizing", "none")).isEqualTo(2);
        assertThat(stage("generating", "cuda:1")).isEqualTo(30);
        assertThat(registry.get("swiftbrush.batch")
                        .tag("device", "cuda:1")
                        .summary()
                        .max())
                .isEqualTo(3);
    }

    @Test
    void watchesAModelAtWork(@TempDir Path cache) {
        try (SwiftBrush brush = SwiftBrush.builder()
                .model(MODEL)
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(cache)
                .pool(PoolOptions.defaults().withMaxConcurrent(2))
                .listener(listener)
                .build()) {
            new PoolMeters(brush).bindTo(registry);
            brush.generateAll(CAT.variations(4));
            assertThatThrownBy(() -> brush.generate(CAT.withSize(512, 512).withTimeout(Duration.ofMillis(1))))
                    .isInstanceOf(DeadlineExceededException.class);

            assertThat(requests("completed")).isEqualTo(4);
            assertThat(requests("timed_out")).isEqualTo(1);
            assertThat(registry.get("swiftbrush.image")
                            .tag("size", "64x64")
                            .timer()
                            .count())
                    .isEqualTo(4);
            assertThat(stage("generating", "cpu")).isPositive();
            assertThat(gauge("swiftbrush.sessions")).isEqualTo(2);
            assertThat(gauge("swiftbrush.prompt.cache.bytes")).isPositive();
            assertThat(registry.get("swiftbrush.prompt.cache.misses")
                            .functionCounter()
                            .count())
                    .isEqualTo(1);
        }
        assertThat(gauge("swiftbrush.sessions")).isNaN();
    }

    private double requests(String outcome) {
        return registry.get("swiftbrush.requests")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    private double stage(String stage, String device) {
        return registry.get("swiftbrush.stage")
                .tags("stage", stage, "device", device)
                .timer()
                .totalTime(TimeUnit.MILLISECONDS);
    }

    private double gauge(String name) {
        return registry.get(name).gauge().value();
    }
}
