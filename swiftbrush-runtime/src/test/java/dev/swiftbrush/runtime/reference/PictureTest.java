package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From a folder on disk to pixels through the public API alone, against the reference's pictures. */
class PictureTest {
    @TempDir
    Path cache;

    static Stream<Reference.Case> cases() {
        return Reference.allCases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aPromptBecomesTheSamePicture(Reference.Case expected) {
        ByteBuffer pixels = expected.bytes("pixels");
        try (SwiftBrush brush = SwiftBrush.builder()
                .model(expected.reference().folder())
                .recipe(expected.recipe())
                .device(Device.cpu())
                .cacheDirectory(cache)
                .build()) {
            for (int i = 0; i < expected.prompts().size(); i++) {
                GeneratedImage image =
                        brush.generate(GenerationRequest.of(expected.prompts().get(i))
                                .withSeed(expected.seeds().get(i))
                                .withSize(expected.width(), expected.height()));
                byte[] reference = new byte[image.rgb().length];
                pixels.get(reference);
                assertSamePicture(image.rgb(), reference);
            }
        }
        assertThat(pixels.hasRemaining()).isFalse();
    }

    private static void assertSamePicture(byte[] rgb, byte[] reference) {
        int largest = 0;
        double mean = 0;
        for (int i = 0; i < rgb.length; i++) {
            int difference = Math.abs((rgb[i] & 0xFF) - (reference[i] & 0xFF));
            largest = Math.max(largest, difference);
            mean += (double) difference / rgb.length;
        }
        System.out.println("pixels " + largest + " " + mean);
        assertThat(largest).isLessThanOrEqualTo(1);
        assertThat(mean).isLessThan(0.05);
    }
}
