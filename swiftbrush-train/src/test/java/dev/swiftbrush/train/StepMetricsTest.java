package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StepMetricsTest {

    @Test
    void keepsTheValuesInTheirOrder() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss/student", 0.5);
        values.put("loss/lora", Double.NaN);
        values.put("ema/decay", 0.99);
        StepMetrics metrics = with(values);
        values.clear();

        assertThat(metrics.values())
                .containsExactly(
                        Map.entry("loss/student", 0.5),
                        Map.entry("loss/lora", Double.NaN),
                        Map.entry("ema/decay", 0.99));
    }

    @Test
    void refusesToBeChanged() {
        assertThatThrownBy(() -> with(Map.of("loss", 1.0)).values().put("loss", 2.0))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void refusesWhatCannotBe() {
        assertWrong("step must be at least 1, but was 0", 0, 10, 0, "loss", 1);
        assertWrong("totalSteps must be at least the step 11, but was 10", 11, 10, 0, "loss", 1);
        assertWrong("epoch must not be negative, but was -1", 1, 10, -1, "loss", 1);
        assertWrong("a value of step 1 has no name", 1, 10, 0, " ", 1);
        assertWrong("samplesPerSecond must be finite and not negative, but was NaN", 1, 10, 0, "loss", Double.NaN);
        assertWrong("samplesPerSecond must be finite and not negative, but was Infinity", 1, 10, 0, "loss", 1.0 / 0);
    }

    private static void assertWrong(
            String message, long step, long totalSteps, long epoch, String name, double samplesPerSecond) {
        assertThatThrownBy(() -> new StepMetrics(
                        step,
                        totalSteps,
                        epoch,
                        Map.of(name, 1.0),
                        Duration.ZERO,
                        samplesPerSecond,
                        0,
                        0,
                        Duration.ZERO,
                        Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static StepMetrics with(Map<String, Double> values) {
        return new StepMetrics(1, 10, 0, values, Duration.ZERO, 0, 0, 0, Duration.ZERO, Duration.ZERO);
    }
}
