package dev.swiftbrush.examples.distill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.train.StepMetrics;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class GracefulStopTest {

    @Test
    void waitsForNothingBeforeTheFirstStep() {
        try (GracefulStop stop = new GracefulStop()) {
            stop.stop();
            assertThat(Thread.interrupted()).isFalse();
        }
    }

    @Test
    void interruptsAfterTheNextStepAndWaitsUntilTheRunIsSaved() throws InterruptedException {
        Thread asked;
        try (GracefulStop stop = new GracefulStop()) {
            stop.stepCompleted(step(1));
            assertThat(Thread.interrupted()).isFalse();

            asked = new Thread(stop::stop);
            asked.start();
            while (asked.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            stop.stepCompleted(step(2));
            assertThat(Thread.interrupted()).isTrue();
            assertThat(asked.isAlive()).isTrue();
        }
        asked.join();
    }

    private static StepMetrics step(long step) {
        return new StepMetrics(step, 9, 0, Map.of(), Duration.ZERO, 0, 0, 0, Duration.ZERO, Duration.ZERO);
    }
}
