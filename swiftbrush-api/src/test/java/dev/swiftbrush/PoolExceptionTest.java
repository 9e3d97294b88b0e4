package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoolExceptionTest {

    @Test
    void saysThatNoSessionBecameFreeInTime() {
        assertThat(new NoSessionException(2, 2, 5, Duration.ofMillis(30_003)))
                .isInstanceOf(SwiftBrushException.class)
                .hasMessage("No session became free within 30s (sessions=2, busy=2, waiting=5);"
                        + " raise maxConcurrent or maxWait");
    }

    @Test
    void saysThatTheQueueIsFull() {
        assertThat(new QueueFullException(1, 1, 64, Duration.ZERO))
                .isInstanceOf(SwiftBrushException.class)
                .hasMessage("The queue for a session is full (sessions=1, busy=1, waiting=64);"
                        + " raise maxQueue or send fewer requests at once");
    }

    @Test
    void saysThatTheRequestWasInterrupted() {
        assertThat(new GenerationCancelledException(1, 1, 3, Duration.ofMillis(1_230)))
                .isInstanceOf(SwiftBrushException.class)
                .hasMessage("Interrupted after 1.2s (sessions=1, busy=1, waiting=3)");
    }

    @Test
    void saysThatTheRequestsOwnTimeRanOut() {
        assertThat(new DeadlineExceededException(2, 2, 4, Duration.ofMillis(5_004)))
                .isInstanceOf(PoolException.class)
                .hasMessage("The image was not there within its timeout of 5s (sessions=2, busy=2, waiting=4);"
                        + " give more time or raise maxConcurrent");
    }

    @Test
    void carriesTheNumbers() {
        PoolException failure = new NoSessionException(4, 3, 2, Duration.ofMillis(1));

        assertThat(failure.sessions()).isEqualTo(4);
        assertThat(failure.busy()).isEqualTo(3);
        assertThat(failure.waiting()).isEqualTo(2);
        assertThat(failure.waited()).isEqualTo(Duration.ofMillis(1));
    }

    @ParameterizedTest
    @CsvSource({"PT0S, 0s", "PT0.0004S, 0s", "PT0.25S, 0.25s", "PT1.26S, 1.3s", "PT29.999S, 30s", "PT90.5S, 1m30.5s"})
    void writesDurationsBriefly(Duration waited, String text) {
        assertThat(PoolException.brief(waited)).isEqualTo(text);
    }
}
