package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.ModelInfo;
import dev.swiftbrush.Precision;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.reference.Reference;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening and closing a checkpoint, and what is said when that cannot be. */
class OpeningTest {
    private static final Path SD2 = Reference.folder("sd2");

    @TempDir
    Path folder;

    @Test
    void saysWhatWasOpened() {
        try (SwiftBrush brush = sd2().build()) {
            assertThat(brush.model())
                    .isEqualTo(new ModelInfo(
                            "sd2",
                            "swiftbrush",
                            "cpu",
                            "FP32",
                            new ImageSize(64, 64),
                            32,
                            77,
                            Licence.UNKNOWN,
                            brush.model().fingerprint()));
        }
    }

    @Test
    void logsOnceWhatIsToBeKnownOfAModel() throws IOException {
        Path model = copyWithSampleSize(16);
        Files.createDirectory(model.resolve("safety_checker"));

        String log = logged(() -> sd2().model(model).build().close());

        assertThat(log.lines().filter(line -> line.contains("ModelFolder")))
                .containsExactly(
                        "[main] INFO dev.swiftbrush.runtime.engine.ModelFolder - model has a safety checker, which is not run: what a picture shows is not checked",
                        "[main] WARN dev.swiftbrush.runtime.engine.ModelFolder - model states no licence: without one, nobody may use it but its author");
    }

    @Test
    void logsALicenceThatIsNotForCommercialUse() throws IOException {
        Path model = copyWithSampleSize(16);
        Files.writeString(model.resolve("README.md"), "---\nlicense: cc-by-nc-4.0\n---\n");

        String log = logged(() -> sd2().model(model).build().close());

        assertThat(log.lines().filter(line -> line.contains("ModelFolder")))
                .containsExactly(
                        "[main] WARN dev.swiftbrush.runtime.engine.ModelFolder - model is under cc-by-nc-4.0, which is not for commercial use");
    }

    private static String logged(Runnable action) {
        PrintStream before = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        try {
            action.run();
        } finally {
            System.setErr(before);
        }
        return written.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aCheckpointWithoutARecipeIsRefused() {
        assertThatThrownBy(() ->
                        SwiftBrush.builder().model(SD2).device(Device.cpu()).build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s does not say how it makes an image in one step, and a multi-step model would draw garbage; if it is a one-step model, call recipe(...) with one of: swiftbrush, sd-turbo, instaflow, lcm, dmd2, sid-lsg",
                        SD2);
    }

    @Test
    void aGuidanceScaleNeedsAPlaceInTheUnet() {
        assertThatThrownBy(() -> sd2().recipe("lcm").build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "Recipe lcm embeds a guidance scale of 8.5, but the UNet in %s has no time_cond_proj_dim to take it; it was trained for another recipe",
                        SD2);
    }

    @Test
    void halfPrecisionIsNotForTheCpu() {
        assertThatThrownBy(() -> sd2().precision(Precision.FP16).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "precision FP16 needs a CUDA device, but the device is cpu, which computes it more slowly than FP32; leave precision at AUTO");
    }

    @Test
    void aSizeThatTheModelCannotDrawIsRefusedWithTheNearest() {
        try (SwiftBrush brush = sd2().build()) {
            GenerationRequest request = GenerationRequest.of("a cat");
            assertThatThrownBy(() -> brush.generate(request.withSize(100, 64)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("width must be a multiple of 32, but was 100; the nearest are 96 and 128");
            assertThatThrownBy(() -> brush.generate(request.withSize(64, 7)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("height must be a multiple of 32, but was 7; the nearest is 32");
        }
    }

    @Test
    void latentsThatNoBufferHoldsAreRefused() {
        ModelShape shape = new ModelShape(77, 8, 4, 1, 1, null);
        assertThat(shape.size(new ImageSize(16384, 8191))).isEqualTo(new ImageSize(16384, 8191));
        assertThatThrownBy(() -> shape.size(new ImageSize(16384, 8192)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "16384x8192 has latents of 134217728 pixels in 4 channels; at most 134217727 pixels fit into a buffer, so ask for a smaller image");
    }

    @Test
    void aSizeOfItsOwnThatTheModelCannotDrawIsRefused() throws IOException {
        Path model = copyWithSampleSize(17);
        try (SwiftBrush brush = sd2().model(model).build()) {
            assertThatThrownBy(() -> brush.generate("a cat"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("width must be a multiple of 32, but was 68; the nearest are 64 and 96");
        }
    }

    @Test
    void aSampleSizeThatIsNoImageIsRefused() throws IOException {
        Path model = copyWithSampleSize(2000000000);
        assertThatThrownBy(() -> sd2().model(model).build())
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("sample_size");
    }

    @Test
    void aPromptThatIsNotUnicodeIsRefusedBeforeItWaits() {
        try (SwiftBrush brush = sd2().build()) {
            assertThatThrownBy(() -> brush.generateAsync("a \uD83D cat"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("prompt must be valid Unicode, but has half of a surrogate pair (U+D83D) at index 2");
        }
    }

    @Test
    void theSecondStartTakesTheGraphsFromTheCache() throws IOException {
        byte[] first = draw();
        Path graph;
        try (Stream<Path> files = Files.walk(folder)) {
            graph = files.filter(file -> file.endsWith("generator.onnx"))
                    .findFirst()
                    .orElseThrow();
        }
        var written = Files.getLastModifiedTime(graph);
        assertThat(draw()).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(graph)).isEqualTo(written);
    }

    @Test
    void useAfterCloseIsRefused() {
        SwiftBrush brush = sd2().build();
        brush.close();
        brush.close();
        assertThatThrownBy(() -> brush.generate("a cat"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("SwiftBrush is closed; build a new one");
    }

    @Test
    void closingWhileImagesAreMadeEndsThemAll() {
        SwiftBrush brush = sd2().build();
        GenerationRequest request = GenerationRequest.of("a cat").withSize(512, 512);
        Stream<CompletableFuture<GeneratedImage>> images =
                request.withSeed(1).variations(8).stream().map(brush::generateAsync).toList().stream();
        brush.close();
        images.forEach(image -> {
            try {
                assertThat(image.get().width()).isEqualTo(512);
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOfAny(RuntimeException.class);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    private Path copyWithSampleSize(int size) throws IOException {
        Path model = folder.resolve("model");
        try (Stream<Path> files = Files.walk(SD2)) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(SD2.relativize(file).toString()));
            }
        }
        Path config = model.resolve("unet/config.json");
        String changed = Files.readString(config).replace("\"sample_size\": 16", "\"sample_size\": " + size);
        Files.writeString(config, changed);
        return model;
    }

    private byte[] draw() {
        try (SwiftBrush brush = sd2().build()) {
            return brush.generate(GenerationRequest.of("a cat").withSeed(3)).rgb();
        }
    }

    private SwiftBrush.Builder sd2() {
        return SwiftBrush.builder()
                .model(SD2)
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(folder);
    }
}
