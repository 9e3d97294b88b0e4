package dev.swiftbrush.runtime.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PictureErrorTest {
    private static final int SIDE = 16;

    @Test
    void equalPictures() {
        byte[] picture = noise(1);

        assertThat(PictureError.of(picture, picture.clone(), SIDE)).isEqualTo(new PictureError(PictureError.EQUAL, 1));
    }

    /** 10 log10(255^2 / 4^2) dB. */
    @Test
    void everyByteBesideByFour() {
        byte[] picture = new byte[3 * SIDE * SIDE];
        byte[] other = new byte[picture.length];
        java.util.Arrays.fill(picture, (byte) 200);
        java.util.Arrays.fill(other, (byte) 204);

        assertThat(PictureError.of(picture, other, SIDE).psnr()).isCloseTo(36.0896, within(1e-4));
    }

    /** A picture and its negative have structures that are opposite, two of noise have nothing in common. */
    @Test
    void similarityIsOfStructure() {
        byte[] picture = noise(1);
        byte[] negative = picture.clone();
        for (int i = 0; i < negative.length; i++) {
            negative[i] = (byte) (255 - (negative[i] & 0xFF));
        }

        assertThat(PictureError.of(negative, picture, SIDE).ssim()).isLessThan(-0.9);
        assertThat(PictureError.of(noise(2), picture, SIDE).ssim()).isBetween(-0.2, 0.2);
    }

    @Test
    void meanOfSeveral() {
        assertThat(PictureError.mean(List.of(new PictureError(30, 0.5), new PictureError(40, 1))))
                .isEqualTo(new PictureError(35, 0.75));
    }

    private static byte[] noise(long seed) {
        byte[] bytes = new byte[3 * SIDE * SIDE];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
