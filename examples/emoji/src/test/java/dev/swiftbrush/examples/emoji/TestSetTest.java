package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.CaptionedImages.Entry;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TestSetTest {
    private static final byte[] LEFT = {1, 1, 1, 0, 0, 0};
    private static final byte[] RIGHT = {0, 0, 0, 1, 1, 1};
    private static final CaptionedImages IMAGES = new CaptionedImages(
            2,
            1,
            List.of(LEFT, RIGHT, new byte[] {7, 7, 7, 7, 7, 7}),
            List.of("fixed", "mirrored", "never"),
            List.of(new Entry(0, 0, 1, false), new Entry(0, 1, 1, true), new Entry(2, 2, 1e-9, false)));

    @Test
    void captionsAreDrawnByWeight() {
        assertThat(TestSet.some(IMAGES, 2, 5).texts()).containsExactlyInAnyOrder("fixed", "mirrored");
        assertThat(TestSet.some(IMAGES, 2, 5)).isEqualTo(TestSet.some(IMAGES, 2, 5));
    }

    @Test
    void realPicturesAreMirroredWhereTheyMayBe() {
        TestSet set = new TestSet(IMAGES, List.of(0, 1));
        List<byte[]> real = set.real(50, 3);
        assertThat(real.subList(0, 50)).containsOnly(LEFT);
        assertThat(real.subList(50, 100)).contains(LEFT, RIGHT);
    }

    @Test
    void damageKeepsTheMeanAndBlursOrAddsNoise() {
        byte[] dot = new byte[3 * 25];
        dot[3 * 12] = (byte) 250;
        assertThat(Damage.blurred(dot, 5)[3 * 12] & 0xFF).isEqualTo(10);
        byte[] grey = new byte[3 * 1000];
        java.util.Arrays.fill(grey, (byte) 128);
        byte[] noisy = Damage.noisy(grey, new Random(1));
        double mean = 0;
        double square = 0;
        for (byte level : noisy) {
            mean += ((level & 0xFF) - 128) / 3000.0;
            square += Math.pow((level & 0xFF) - 128, 2) / 3000;
        }
        assertThat(mean).isBetween(-3.0, 3.0);
        assertThat(Math.sqrt(square)).isBetween(37.0, 43.0);
    }
}
