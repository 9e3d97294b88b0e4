package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.train.StepMetrics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StepMeterTest {

    private long nanos;

    @Test
    void timesAStepWithoutWhatLiesBetweenSteps() {
        StepMeter meter = meter(100, 0);
        pass(5);
        StepMetrics first = step(meter, 2);
        pass(3);
        StepMetrics second = step(meter, 4);

        assertThat(first.step()).isEqualTo(1);
        assertThat(first.stepTime()).isEqualTo(Duration.ofSeconds(2));
        assertThat(first.elapsed()).isEqualTo(Duration.ofSeconds(7));
        assertThat(first.remaining()).isEqualTo(Duration.ofSeconds(99 * 7));
        assertThat(second.stepTime()).isEqualTo(Duration.ofSeconds(4));
        assertThat(second.samplesPerSecond()).isCloseTo(16.0 / 6, within(1e-12)); // two steps of 8 samples
        assertThat(second.remaining()).isEqualTo(Duration.ofSeconds(98 * 7)); // 14 s for two steps
    }

    @Test
    void countsOnWhereTheRunWasLeft() {
        StepMeter meter = meter(100, 90);
        StepMetrics metrics = step(meter, 1);

        assertThat(metrics.step()).isEqualTo(91);
        assertThat(metrics.totalSteps()).isEqualTo(100);
        assertThat(metrics.remaining()).isEqualTo(Duration.ofSeconds(9));
    }

    @Test
    void forgetsThePaceOfLongAgo() {
        StepMeter meter = meter(1000, 0);
        for (int i = 0; i < 20; i++) {
            step(meter, 10);
        }
        StepMetrics metrics = null;
        for (int i = 0; i < 200; i++) {
            metrics = step(meter, 1);
        }
        assertThat(metrics.samplesPerSecond()).isEqualTo(8);
        assertThat(metrics.remaining()).isEqualTo(Duration.ofSeconds(780));
    }

    @Test
    void knowsNoPaceWithoutTime() {
        assertThat(step(meter(1, 0), 0).samplesPerSecond()).isZero();
    }

    @Test
    void tellsTheProcesssMemory() {
        assertThat(step(meter(1, 0), 1).residentBytes()).isEqualTo(11);
        assertThat(step(meter(1, 0), 1).peakResidentBytes()).isEqualTo(22);
    }

    @Test
    void readsMemoryAsLinuxWritesIt() {
        assertThat(ProcessMemory.parse(List.of("Name:\tjava", "VmHWM:\t  345678 kB", "VmRSS:\t  123456 kB")))
                .isEqualTo(new ProcessMemory(123456L * 1024, 345678L * 1024));
        assertThat(ProcessMemory.parse(List.of("VmRSS:\tmuch"))).isEqualTo(new ProcessMemory(0, 0));
    }

    @Test
    void refusesToGoOnAfterTheEnd() {
        assertThatThrownBy(() -> new StepMeter(10, 11))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("completedSteps must be from 0 to the 10 of the run, but was 11");
    }

    private StepMeter meter(long total, long completed) {
        return new StepMeter(total, completed, () -> nanos, () -> new ProcessMemory(11, 22));
    }

    private StepMetrics step(StepMeter meter, int seconds) {
        meter.begin();
        pass(seconds);
        return meter.completed(0, 8, Map.of());
    }

    private void pass(int seconds) {
        nanos += Duration.ofSeconds(seconds).toNanos();
    }
}
