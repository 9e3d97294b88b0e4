package dev.swiftbrush.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PictureTest {

    @Test
    void measuresSpreadAndClipping() {
        Picture picture = new Picture(new byte[] {0, (byte) 255, 100, (byte) 155});
        assertThat(picture.standardDeviation())
                .isEqualTo(Math.sqrt((2 * 127.5 * 127.5 + 2 * 27.5 * 27.5) / 4), within(1e-9));
        assertThat(picture.clipped()).isEqualTo(0.5);
        assertThat(picture.isUnsaturated()).isFalse();
        assertThat(new Picture(new byte[] {1, (byte) 254, 100, (byte) 155}).isUnsaturated())
                .isTrue();
        assertThat(new Picture(new byte[] {1, 2, 3}).isUnsaturated()).isFalse();
    }

    @Test
    void comparesLevelsAsUnsignedBytes() {
        Picture picture = new Picture(new byte[] {(byte) 128, 5});
        assertThat(picture.largestDifference(new Picture(new byte[] {127, 5}))).isEqualTo(1);
        assertThatThrownBy(() -> picture.largestDifference(new Picture(new byte[3])))
                .hasMessage("images of 2 and 3 bytes cannot be compared");
    }
}
