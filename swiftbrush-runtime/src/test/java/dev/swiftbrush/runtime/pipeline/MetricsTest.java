package dev.swiftbrush.runtime.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.swiftbrush.GenerationEvent;
import dev.swiftbrush.GenerationEvent.StageName;
import dev.swiftbrush.ImageSize;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static final int REQUESTS = 10_000;
    private static final int EVENTS_A_REQUEST = 3;
    private static final int SMALLEST_OBJECT = 16; // bytes, a header

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Duration time = Duration.ofMillis(7);
    private final ImageSize size = new ImageSize(64, 64);
    private final RuntimeException failure = new IllegalStateException("failed");

    @Test
    void makesNoEventsIfNobodyListens() {
        AtomicReference<GenerationEvent> last = new AtomicReference<>();
        long told = bytes(new Metrics(List.of(last::set)));
        long silent = bytes(new Metrics(List.of()));
        assertThat(told).isGreaterThan((long) REQUESTS * EVENTS_A_REQUEST * SMALLEST_OBJECT);
        assertThat(silent).isLessThan((long) REQUESTS * SMALLEST_OBJECT);
        assertThat(last.get()).isInstanceOf(GenerationEvent.Failed.class);
    }

    /** Of the Java heap, for all requests, after a few that load what is loaded once. */
    private long bytes(Metrics metrics) {
        count(metrics, 100);
        long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        count(metrics, REQUESTS);
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    private void count(Metrics metrics, int requests) {
        for (int i = 0; i < requests; i++) {
            metrics.stage(StageName.GENERATING, time, 1, null);
            metrics.completed(time, size);
            metrics.failed(failure);
        }
    }
}
