package dev.swiftbrush.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.tensor.Window;
import org.junit.jupiter.api.Test;

class CountingTensorTest {
    @Test
    void countsTwoOperationsForEachProduct() {
        long linear = CountingTensor.count(input -> input.of(2, 5, 7).linear(input.of(11, 7), input.of(11)));
        long convolution =
                CountingTensor.count(input -> input.of(1, 3, 8, 8).conv2d(input.of(4, 3, 3, 3), null, Window.halve()));
        long attention = CountingTensor.count(
                input -> input.of(1, 6, 8).attention(input.of(1, 9, 8), input.of(1, 9, 8), 2, false));

        assertThat(linear).isEqualTo(2 * (2 * 5) * 7 * 11);
        assertThat(convolution).isEqualTo(2 * (4 * 4) * 4 * (3 * 3 * 3));
        assertThat(attention).isEqualTo(2 * 2 * 6 * 9 * 8);
    }

    @Test
    void countsWhatSurroundsThemAsNothing() {
        long count = CountingTensor.count(input -> input.of(1, 4, 6, 6)
                .groupNorm(2, input.of(4), input.of(4), 1e-6)
                .upsampleNearest()
                .add(1));

        assertThat(count).isZero();
    }
}
