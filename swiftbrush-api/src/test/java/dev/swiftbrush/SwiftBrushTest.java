package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SwiftBrushTest {

    private final SwiftBrush brush =
            SwiftBrush.builder().model(Path.of("model")).build();
    private final FakeEngine engine = FakeEngineProvider.opened();

    @AfterEach
    void close() {
        engine.onClose = () -> {};
        brush.close();
    }

    @Test
    void theJavadocsExampleWritesAPng(@TempDir Path folder) {
        SwiftBrushExamples.oneImage(Path.of("model"), folder.resolve("fox.png"));

        assertThat(PngChunks.of(folder.resolve("fox.png")).texts())
                .containsEntry("prompt", "a red fox in the snow")
                .containsEntry("seed", "42");
    }

    @Test
    void makesAnImageOfTheModelsSizeFromAPrompt() {
        GeneratedImage image = brush.generate("a red fox");

        assertThat(image.prompt()).isEqualTo("a red fox");
        assertThat(image.size()).isEqualTo(new ImageSize(64, 64));
    }

    @Test
    void makesAnImageOfTheAskedSizeAndSeed() {
        GeneratedImage image =
                brush.generate(GenerationRequest.of("a red fox").withSeed(7).withSize(128, 64));

        assertThat(image.size()).isEqualTo(new ImageSize(128, 64));
        assertThat(image.seed()).isEqualTo(7);
    }

    @Test
    void drawsASeedOf32BitsForTheEngineAndReportsIt() {
        List<Long> reported = brush.generateAll(GenerationRequest.of("a fox").variations(1)).stream()
                .map(GeneratedImage::seed)
                .toList();
        long first = brush.generate("a fox").seed();
        long second = brush.generate("a fox").seed();

        assertThat(engine.requests)
                .extracting(GenerationRequest::seed)
                .containsExactly(reported.get(0), first, second)
                .doesNotHaveDuplicates()
                .allMatch(seed -> seed >= 0 && seed < 1L << 32);
    }

    @Test
    void makesManyImagesInTheOrderOfTheirRequests() {
        List<GeneratedImage> images =
                brush.generateAll(GenerationRequest.of("a fox").withSeed(5).variations(3));

        assertThat(images).extracting(GeneratedImage::seed).containsExactly(5L, 6L, 7L);
    }

    @Test
    void checksEveryRequestBeforeTheFirstRuns() {
        GenerationRequest good = GenerationRequest.of("a fox");

        assertThatThrownBy(() -> brush.generateAll(List.of(good, good.withSize(500, 512))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("width must be a multiple of 64, but was 500");
        assertThatThrownBy(() -> brush.generateAll(Arrays.asList(good, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("request must not be null");
        assertThat(engine.requests).isEmpty();
    }

    @Test
    void refusesWhatTheModelCannotMake() {
        assertThatThrownBy(() -> brush.generate(GenerationRequest.of("a fox").withSize(500, 512)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("width must be a multiple of 64, but was 500");
        assertThat(engine.requests).isEmpty();
    }

    @Test
    void refusesAbsentArguments() {
        assertThatThrownBy(() -> brush.generate((String) null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompt must not be null");
        assertThatThrownBy(() -> brush.generate((GenerationRequest) null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("request must not be null");
        assertThatThrownBy(() -> brush.generateAll(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("requests must not be null");
        assertThatThrownBy(() -> brush.generateAll(List.of(), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("onImage must not be null");
        assertThatThrownBy(() -> brush.generateAsync((GenerationRequest) null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("request must not be null");
    }

    @Test
    void passesOnWhatTheEngineThrows() {
        GenerationException failure = new GenerationException("Out of memory");
        engine.behaviour = request -> {
            throw failure;
        };

        assertThatThrownBy(() -> brush.generate("a fox")).isSameAs(failure);
        assertThatThrownBy(() -> brush.generateAll(List.of(GenerationRequest.of("a fox"))))
                .isSameAs(failure);

        PoolException full = new QueueFullException(1, 1, 64, Duration.ZERO);
        engine.behaviour = request -> {
            throw full;
        };

        assertThatThrownBy(() -> brush.generate("a fox")).isSameAs(full);
    }

    @Test
    void tellsWhatTheModelIs() {
        assertThat(brush.model()).isEqualTo(FakeEngine.MODEL);
    }

    @Test
    void tellsWhatTheModelHasDone() {
        assertThat(brush.stats()).isSameAs(FakeEngine.STATS);
    }

    @Test
    void leavesThePromptOutOfEveryPngWhenAsked() throws Exception {
        try (SwiftBrush discreet =
                SwiftBrush.builder().model(Path.of("model")).promptInPng(false).build()) {
            GenerationRequest request = GenerationRequest.of("a secret");

            assertThat(discreet.generate(request).prompt()).isEqualTo("a secret");
            assertThat(PngChunks.of(discreet.generate(request).toPngBytes()).texts())
                    .doesNotContainKey("prompt");
            assertThat(PngChunks.of(discreet.generateAll(List.of(request))
                                    .get(0)
                                    .toPngBytes())
                            .texts())
                    .doesNotContainKey("prompt");
            assertThat(PngChunks.of(discreet.generateAsync(request).get().toPngBytes())
                            .texts())
                    .doesNotContainKey("prompt");
        }
    }

    @Test
    void refusesEveryUseAfterClose() {
        brush.close();

        String closed = "SwiftBrush is closed; build a new one";
        assertThatThrownBy(() -> brush.generate("a fox"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(closed);
        assertThatThrownBy(() -> brush.generateAll(List.of()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(closed);
        assertThatThrownBy(() -> brush.generateAsync("a fox"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(closed);
        assertThatThrownBy(brush::model)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(closed);
        assertThatThrownBy(brush::stats)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(closed);
        assertThat(engine.requests).isEmpty();
    }

    @Test
    void closesTheEngineOnce() {
        brush.close();
        brush.close();

        assertThat(engine.closes).containsExactly(Duration.ZERO);
    }

    @Test
    void staysClosedWhenTheEngineFailsToClose() {
        engine.onClose = () -> {
            throw new GenerationException("device lost");
        };

        assertThatThrownBy(brush::close).isInstanceOf(GenerationException.class).hasMessage("device lost");
        assertThatCode(brush::close).doesNotThrowAnyException();
        assertThatThrownBy(() -> brush.generate("a fox")).isInstanceOf(IllegalStateException.class);
    }
}
