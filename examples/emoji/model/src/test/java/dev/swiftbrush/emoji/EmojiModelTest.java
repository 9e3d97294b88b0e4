package dev.swiftbrush.emoji;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import java.awt.Color;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the model draws, by its colours: the rest is for the eye and for {@code evaluate} in examples/emoji. */
class EmojiModelTest {
    private static final String CARD = "/META-INF/swiftbrush/default-model/README.md";

    @TempDir
    static Path cache;

    private static SwiftBrush brush;

    @BeforeAll
    static void open() {
        brush = SwiftBrush.builder()
                .device(Device.cpu())
                .cacheDirectory(cache)
                .requireLicence("apache-2.0")
                .build();
    }

    @AfterAll
    static void close() {
        brush.close();
    }

    @Test
    void isTheModelOfWhoeverNamesNone() throws IOException {
        assertThat(brush.model().name()).isEqualTo("swiftbrush-emoji");
        try (InputStream card = EmojiModelTest.class.getResourceAsStream(CARD)) {
            assertThat(new String(card.readAllBytes(), StandardCharsets.UTF_8))
                    .as("the card names the fingerprint")
                    .contains(brush.model().fingerprint().sha256());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "a red heart, 0",
        "an orange heart, 30",
        "a yellow heart, 50",
        "a green heart, 110",
        "a blue heart, 210",
        "a red circle, 0",
        "a yellow circle, 50",
        "a blue circle, 210",
        "an orange square, 30",
        "a green square, 110",
        "a strawberry, 0",
        "a banana, 50"
    })
    void theColourIsThatOfThePrompt(String prompt, double hue) {
        List<GenerationRequest> requests =
                GenerationRequest.of(prompt).withSeed(1).variations(4);

        for (GeneratedImage image : brush.generateAll(requests)) {
            double apart = Math.abs(hueOf(image) - hue);
            assertThat(Math.min(apart, 360 - apart))
                    .as("hue of '%s', seed %d", prompt, image.seed())
                    .isLessThan(40);
        }
    }

    /** The mean direction of a picture's colours on the colour wheel, weighted by how colourful they are; in degrees. */
    private static double hueOf(GeneratedImage image) {
        byte[] rgb = image.rgb();
        double x = 0;
        double y = 0;
        for (int i = 0; i < rgb.length; i += 3) {
            float[] hsb = Color.RGBtoHSB(rgb[i] & 0xff, rgb[i + 1] & 0xff, rgb[i + 2] & 0xff, null);
            double weight = hsb[1] * hsb[2];
            x += weight * Math.cos(2 * Math.PI * hsb[0]);
            y += weight * Math.sin(2 * Math.PI * hsb[0]);
        }
        return Math.toDegrees(Math.atan2(y, x));
    }

    @Test
    void theBackgroundIsNearlyWhite() {
        GeneratedImage image =
                brush.generate(GenerationRequest.of("a red heart").withSeed(3));

        int last = image.width() - 1;
        double sum = 0;
        for (int i = 0; i < last; i++) { // along the four edges
            for (int pixel : new int[] {i, last * image.width() + i, i * image.width(), i * image.width() + last}) {
                for (int channel = 0; channel < 3; channel++) {
                    sum += Byte.toUnsignedInt(image.rgb()[3 * pixel + channel]);
                }
            }
        }
        assertThat(sum / (4 * last * 3)).isGreaterThan(230);
    }
}
