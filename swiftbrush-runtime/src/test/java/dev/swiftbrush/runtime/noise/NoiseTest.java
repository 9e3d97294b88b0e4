package dev.swiftbrush.runtime.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.NoiseGenerator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ReadOnlyBufferException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NoiseTest {

    @ParameterizedTest
    @EnumSource(NoiseGenerator.class)
    void isStandardNormal(NoiseGenerator kind) {
        float[] drawn = Noise.draw(kind, 5, 65536);
        double sum = 0;
        double squares = 0;
        for (float value : drawn) {
            sum += value;
            squares += (double) value * value;
        }
        assertThat(sum / drawn.length).isCloseTo(0, within(0.02)); // five standard errors
        assertThat(squares / drawn.length).isCloseTo(1, within(0.03));
    }

    @ParameterizedTest
    @EnumSource(NoiseGenerator.class)
    void fillsABufferFromItsPositionToItsLimit(NoiseGenerator kind) {
        FloatBuffer out =
                ByteBuffer.allocateDirect(4 * 40).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        out.position(3).limit(35);

        Noise.fill(kind, 9, out);

        assertThat(out.position()).isEqualTo(3);
        float[] filled = new float[32];
        out.get(filled);
        assertThat(filled).isEqualTo(Noise.draw(kind, 9, 32));
        assertThat(out.get(2)).isZero();
        assertThat(out.limit(40).get(35)).isZero();
    }

    @ParameterizedTest
    @EnumSource(NoiseGenerator.class)
    void drawsNothingWhenNothingIsAskedFor(NoiseGenerator kind) {
        assertThat(Noise.draw(kind, 0, 0)).isEmpty();
    }

    @Test
    void refusesANegativeCount() {
        assertThatThrownBy(() -> Noise.draw(NoiseGenerator.TORCH_CPU, 0, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("count must not be negative, but was -1");
    }

    @Test
    void refusesAReadOnlyBuffer() {
        FloatBuffer out = FloatBuffer.allocate(4).asReadOnlyBuffer();
        assertThatThrownBy(() -> Noise.fill(NoiseGenerator.TORCH_CPU, 0, out))
                .isInstanceOf(ReadOnlyBufferException.class);
    }
}
