package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.CalibrationOptions;
import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.Precision;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.calibration.PictureError;
import dev.swiftbrush.runtime.reference.Reference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code precision(Precision.INT8)}: calibrated once, nearly the same pictures, or a refusal. */
class Int8Test {
    private static final GenerationRequest REQUEST =
            GenerationRequest.of("a photo of a cat").withSeed(42).withSize(64, 64);

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2"})
    void drawsNearlyTheSame(String name) {
        byte[] exact = draw(builder(name).precision(Precision.FP32));
        byte[] found = draw(builder(name));

        assertThat(found).isNotEqualTo(exact);
        assertThat(PictureError.of(found, exact, 64).psnr()).isGreaterThan(30);
    }

    /** In several sizes and for several prompts in one call, from one graph. */
    @Test
    void drawsOtherSizes() {
        GenerationRequest wide = REQUEST.withSize(128, 64);
        try (SwiftBrush exact = builder("sd2").precision(Precision.FP32).build();
                SwiftBrush brush = builder("sd2").build()) {
            assertThat(PictureError.of(
                                    brush.generate(wide).rgb(),
                                    exact.generate(wide).rgb(),
                                    128)
                            .psnr())
                    .isGreaterThan(30);
        }
    }

    @Test
    void isCalibratedOnce() throws IOException {
        byte[] first = draw(builder("sd2"));
        Path found = calibration();
        FileTime past = FileTime.from(Instant.EPOCH);
        Files.setLastModifiedTime(found, past);

        assertThat(draw(builder("sd2"))).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(found)).isEqualTo(past);
    }

    @Test
    void otherPromptsCalibrateAnew() throws IOException {
        draw(builder("sd2"));
        draw(builder("sd2")
                .calibration(CalibrationOptions.defaults().withPrompts(List.of("a", "b", "c", "a photo of a cat"))));

        try (Stream<Path> files = Files.list(temp.resolve("cache/int8"))) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void aDamagedCalibrationIsMadeAnew() throws IOException {
        byte[] first = draw(builder("sd2"));
        byte[] whole = Files.readAllBytes(calibration());
        Files.writeString(calibration(), "{\"psnr\": 99");

        assertThat(draw(builder("sd2"))).isEqualTo(first);
        assertThat(calibration()).hasBinaryContent(whole);
    }

    @Test
    void aCalibrationOfAnotherModelIsRefused() throws IOException {
        draw(builder("sd2"));
        Files.writeString(calibration(), "{\"psnr\": 50, \"ssim\": 1, \"layers\": [[-1, 1, -1, 1]]}");
        SwiftBrush.Builder builder = builder("sd2");

        assertThatThrownBy(builder::build)
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("more layers", "int8/", "calibrated anew");
    }

    @Test
    void tellsWhatItComputesIn() {
        try (SwiftBrush brush = builder("sd2").build()) {
            assertThat(brush.model().precision()).isEqualTo("INT8");
        }
    }

    @Test
    void whatWouldBeTooBadIsRefused() {
        SwiftBrush.Builder builder =
                builder("sd2").calibration(CalibrationOptions.defaults().withLeastPsnr(99));

        assertThatThrownBy(builder::build)
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("PSNR", "SSIM", "99.0 dB", "leastPsnr", "FP32");
    }

    @Test
    void lowMemoryAndInt8AreNotForEachOther() {
        SwiftBrush.Builder builder = builder("sd2").lowMemory(true);

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("INT8", "lowMemory");
    }

    private Path calibration() throws IOException {
        try (Stream<Path> files = Files.list(temp.resolve("cache/int8"))) {
            return files.findFirst().orElseThrow();
        }
    }

    private SwiftBrush.Builder builder(String name) {
        return SwiftBrush.builder()
                .model(Reference.folder(name))
                .recipe("swiftbrush")
                .device(Device.cpu())
                .precision(Precision.INT8)
                .warmUp(false)
                .cacheDirectory(temp.resolve("cache"));
    }

    private static byte[] draw(SwiftBrush.Builder builder) {
        try (SwiftBrush brush = builder.build()) {
            return brush.generate(REQUEST).rgb();
        }
    }
}
