package dev.swiftbrush.train.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.runtime.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InitialWeightsTest {
    private final Map<String, Shape> shapes = new LinkedHashMap<>();

    {
        shapes.put("conv_in.weight", Shape.of(40, 25, 3, 3));
        shapes.put("conv_in.bias", Shape.of(40));
        shapes.put("norm.weight", Shape.of(40));
        shapes.put("norm.bias", Shape.of(40));
        shapes.put("mid.resnets.0.conv2.weight", Shape.of(40, 40, 3, 3));
        shapes.put("mid.resnets.0.conv2.bias", Shape.of(40));
    }

    /** torch.nn.Conv2d's: within 1 / sqrt(25 · 9) = 1 / 15, so a standard deviation of 1 / 15 / sqrt(3). */
    @Test
    void layersAreUniformWithinTheRootOfTheirFanIn() {
        InitialWeights weights = new InitialWeights(shapes, 3, true);
        float[] values = weights.values("conv_in.weight");

        double squares = 0;
        float most = 0;
        for (float value : values) {
            squares += (double) value * value;
            most = Math.max(most, Math.abs(value));
        }
        assertThat(most).isBetween(0.99f / 15, 1f / 15);
        assertThat(Math.sqrt(squares / values.length)).isCloseTo(1 / 15.0 / Math.sqrt(3), within(1e-3));
        assertThat(weights.values("conv_in.bias")).hasSize(40).satisfies(biases -> {
            for (float bias : biases) {
                assertThat(bias).isBetween(-1f / 15, 1f / 15).isNotZero();
            }
        });
    }

    @Test
    void normsAreTheIdentity() {
        InitialWeights weights = new InitialWeights(shapes, 3, true);

        assertThat(weights.values("norm.weight")).containsOnly(1f);
        assertThat(weights.values("norm.bias")).containsOnly(0f);
    }

    @Test
    void residualsBeginAsZeroIfAskedFor() {
        assertThat(new InitialWeights(shapes, 3, true).values("mid.resnets.0.conv2.weight"))
                .containsOnly(0f);
        assertThat(new InitialWeights(shapes, 3, false).values("mid.resnets.0.conv2.weight"))
                .doesNotContain(0f);
    }

    @Test
    void aSeedGivesTheSameWeights() {
        float[] values = new InitialWeights(shapes, 3, true).values("conv_in.weight");

        assertThat(new InitialWeights(shapes, 3, true).values("conv_in.weight")).isEqualTo(values);
        assertThat(new InitialWeights(shapes, 4, true).values("conv_in.weight")).isNotEqualTo(values);
    }
}
