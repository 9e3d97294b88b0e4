package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class GenerationRequestTest {

    @Test
    void hasNeitherSeedNorSizeNorTimeoutAtFirst() {
        assertThat(GenerationRequest.of("a fox")).isEqualTo(new GenerationRequest("a fox", null, null, null));
    }

    @Test
    void takesASeedASizeAndATimeout() {
        Duration timeout = Duration.ofSeconds(5);
        GenerationRequest whole = new GenerationRequest("a fox", -1L, new ImageSize(512, 768), timeout);

        assertThat(GenerationRequest.of("a fox").withSeed(-1).withSize(512, 768).withTimeout(timeout))
                .isEqualTo(whole);
        assertThat(GenerationRequest.of("a fox")
                        .withTimeout(timeout)
                        .withSize(512, 768)
                        .withSeed(-1))
                .isEqualTo(whole);
    }

    @Test
    void allowsAnEmptyPrompt() {
        assertThat(GenerationRequest.of("").prompt()).isEmpty();
    }

    @Test
    void refusesAnAbsentPromptOrSize() {
        assertThatThrownBy(() -> GenerationRequest.of(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompt must not be null");
        assertThatThrownBy(() -> GenerationRequest.of("a fox").withSize(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("size must not be null");
    }

    @Test
    void refusesATimeoutThatIsAbsentOrNotPositiveOrOver365Days() {
        GenerationRequest request = GenerationRequest.of("a fox");

        assertThat(request.withTimeout(Duration.ofDays(365)).timeout()).isEqualTo(Duration.ofDays(365));
        assertThatThrownBy(() -> request.withTimeout(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timeout must not be null");
        assertThatThrownBy(() -> request.withTimeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timeout must be positive and at most 365 days, but was PT0S");
        assertThatThrownBy(() -> request.withTimeout(Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timeout must be positive and at most 365 days, but was PT-0.001S");
        assertThatThrownBy(() -> request.withTimeout(Duration.ofDays(365).plusNanos(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timeout must be positive and at most 365 days, but was PT8760H0.000000001S");
    }

    @Test
    void refusesAPromptOfOver100000Characters() {
        assertThat(GenerationRequest.of("x".repeat(100_000)).prompt()).hasSize(100_000);
        assertThatThrownBy(() -> GenerationRequest.of("x".repeat(100_001)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompt must have at most 100000 characters, but had 100001");
    }

    @Test
    void variesBySuccessiveSeeds() {
        GenerationRequest request =
                GenerationRequest.of("a fox").withSize(64, 64).withSeed(41);

        assertThat(request.variations(3)).containsExactly(request, request.withSeed(42), request.withSeed(43));
    }

    @Test
    void goesOnAtZeroAfterTheLargestSeed() {
        assertThat(GenerationRequest.of("a fox").withSeed(-1).variations(2))
                .extracting(request -> Long.toUnsignedString(request.seed()))
                .containsExactly("18446744073709551615", "0");
    }

    @Test
    void variesFromOneRandomSeedOf32BitsWithoutASeed() {
        List<Long> seeds = GenerationRequest.of("a fox").variations(3).stream()
                .map(GenerationRequest::seed)
                .toList();

        long first = seeds.get(0);
        assertThat(first).isBetween(0L, (1L << 32) - 1);
        assertThat(seeds).containsExactly(first, first + 1, first + 2);
    }

    @Test
    void refusesANumberOfVariationsBelow1OrOver10000() {
        GenerationRequest request = GenerationRequest.of("a fox");

        assertThat(request.variations(10_000)).hasSize(10_000);
        assertThatThrownBy(() -> request.variations(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("variations must be from 1 to 10000, but were 0");
        assertThatThrownBy(() -> request.variations(10_001))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("variations must be from 1 to 10000, but were 10001");
    }
}
