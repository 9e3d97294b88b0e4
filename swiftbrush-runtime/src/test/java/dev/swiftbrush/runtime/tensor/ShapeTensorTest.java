package dev.swiftbrush.runtime.tensor;

import static dev.swiftbrush.runtime.tensor.Shape.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShapeTensorTest {
    private final Tensor image = ShapeTensor.of(UNKNOWN, 8, UNKNOWN, UNKNOWN);
    private final Tensor vector = ShapeTensor.of(8);

    @Test
    void elementwiseOperationsKeepTheShape() {
        assertThat(image.add(1).mul(2).clamp(0, 1).activate(Activation.SILU).shape())
                .isEqualTo(image.shape());
        assertThat(image.groupNorm(4, vector, vector, 1e-5).shape()).isEqualTo(image.shape());
        assertThat(vector.layerNorm(vector, vector, 1e-5).shape()).isEqualTo(vector.shape());
        assertThat(image.add(ShapeTensor.of(1, 8, 1, 1)).mul(image).shape()).isEqualTo(image.shape());
    }

    @Test
    void attentionKeepsTheShapeOfTheQuery() {
        Tensor context = ShapeTensor.of(UNKNOWN, 77, 8);

        assertThat(ShapeTensor.of(UNKNOWN, UNKNOWN, 8)
                        .attention(context, context, 2, false)
                        .shape())
                .isEqualTo(Shape.of(UNKNOWN, UNKNOWN, 8));
    }

    @Test
    void idsBecomeRowsOfTheTable() {
        assertThat(ShapeTensor.of(UNKNOWN, 77)
                        .embedding(ShapeTensor.of(49408, 512))
                        .shape())
                .isEqualTo(Shape.of(UNKNOWN, 77, 512));
    }

    @Test
    void anImageBecomesPixelsWithTheChannelsLast() {
        assertThat(image.upsampleNearest().toPixels().shape()).isEqualTo(Shape.of(UNKNOWN, UNKNOWN, UNKNOWN, 8));
    }

    @Test
    void aSequenceBecomesTheImageThatItWas() {
        Tensor sequence = image.reshape(Tensor.KEEP, Tensor.KEEP, -1).transpose(1, 2);

        assertThat(sequence.shape()).isEqualTo(Shape.of(UNKNOWN, UNKNOWN, 8));
        assertThat(sequence.transpose(1, 2).reshapeLike(image).shape()).isEqualTo(image.shape());
        assertThat(sequence.narrow(-1, 4, 4).unsqueeze(0).shape()).isEqualTo(Shape.of(1, UNKNOWN, UNKNOWN, 4));
    }
}
