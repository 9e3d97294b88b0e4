package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

class GeneratedImageTest {

    private static final Provenance FOX =
            new Provenance("a red fox", -1, "tiny", "swiftbrush", "TORCH_CPU", "mit", "abc");
    private static final ImageSize SIZE = new ImageSize(3, 2);

    @Test
    void hasWhatItWasMadeOf() {
        PromptTruncation truncation = new PromptTruncation(80, 77, " in the snow");
        byte[] rgb = new byte[18];

        GeneratedImage image = GeneratedImage.of(SIZE, rgb, FOX, TestImages.TIMINGS, truncation);

        assertThat(image.width()).isEqualTo(3);
        assertThat(image.height()).isEqualTo(2);
        assertThat(image.size()).isEqualTo(SIZE);
        assertThat(image.rgb()).isEqualTo(rgb).isNotSameAs(rgb);
        assertThat(image.seed()).isEqualTo(-1);
        assertThat(image.prompt()).isEqualTo("a red fox");
        assertThat(image.provenance()).isEqualTo(FOX);
        assertThat(image.timings()).isEqualTo(TestImages.TIMINGS);
        assertThat(image.truncation()).contains(truncation);
        assertThat(image.withoutPromptInPng().truncation()).contains(truncation);
    }

    @Test
    void hasNoTruncationWhenThePromptWasShort() {
        assertThat(GeneratedImage.of(SIZE, new byte[18], FOX, TestImages.TIMINGS, null)
                        .truncation())
                .isEmpty();
    }

    @Test
    void doesNotTellThePromptToALog() {
        assertThat(GeneratedImage.of(SIZE, new byte[18], FOX, TestImages.TIMINGS, null))
                .hasToString("GeneratedImage[3x2, seed=18446744073709551615, model=tiny]");
    }

    @Test
    void refusesPixelsThatDoNotFillTheSize() {
        assertThatThrownBy(() -> GeneratedImage.of(SIZE, new byte[17], FOX, TestImages.TIMINGS, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rgb must have 18 bytes for 3x2, but had 17");
    }

    @Test
    void refusesAbsentParts() {
        byte[] rgb = new byte[18];

        assertThatThrownBy(() -> GeneratedImage.of(null, rgb, FOX, TestImages.TIMINGS, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("size must not be null");
        assertThatThrownBy(() -> GeneratedImage.of(SIZE, null, FOX, TestImages.TIMINGS, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rgb must not be null");
        assertThatThrownBy(() -> GeneratedImage.of(SIZE, rgb, null, TestImages.TIMINGS, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("provenance must not be null");
        assertThatThrownBy(() -> GeneratedImage.of(SIZE, rgb, FOX, null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timings must not be null");
    }

    @Test
    void becomesABufferedImageOfTheSameColours() {
        GeneratedImage image = TestImages.coloured(5, 4);
        byte[] rgb = image.rgb();

        BufferedImage buffered = image.toBufferedImage();

        assertThat(buffered.getType()).isEqualTo(BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 20; i++) {
            int expected = (rgb[3 * i] & 0xFF) << 16 | (rgb[3 * i + 1] & 0xFF) << 8 | rgb[3 * i + 2] & 0xFF;
            assertThat(buffered.getRGB(i % 5, i / 5) & 0xFFFFFF)
                    .as("pixel %d", i)
                    .isEqualTo(expected);
        }
    }

    @Test
    void isNotChangedThroughWhatItHandsOut() {
        GeneratedImage image = TestImages.coloured(5, 4);
        byte[] before = image.rgb();

        image.rgb()[0]++;
        image.toBufferedImage().setRGB(0, 0, 0x123456);

        assertThat(image.rgb()).isEqualTo(before);
    }
}
