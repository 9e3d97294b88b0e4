package dev.swiftbrush.runtime.tensor;

import static dev.swiftbrush.runtime.tensor.Shape.UNKNOWN;
import static dev.swiftbrush.runtime.tensor.Tensor.KEEP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {

    @Test
    void isWrittenWithQuestionMarksForWhatIsUnknown() {
        assertThat(Shape.of(UNKNOWN, 4, UNKNOWN)).hasToString("[?, 4, ?]");
        assertThat(Shape.of()).hasToString("[]");
    }

    @Test
    void keepsItsSizesToItself() {
        long[] sizes = {2, 3};
        Shape shape = Shape.of(sizes);
        sizes[0] = 9;
        shape.sizes()[1] = 9;

        assertThat(shape).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
        assertThat(shape).isNotEqualTo(Shape.of(3, 2));
    }

    @Test
    void negativeDimensionsCountFromTheLast() {
        Shape shape = Shape.of(2, 3, 4);

        assertThat(shape.get(-1)).isEqualTo(4);
        assertThat(shape.get(-3)).isEqualTo(2);
        assertThat(shape.with(-2, 7)).isEqualTo(Shape.of(2, 7, 4));
        assertThatThrownBy(() -> shape.get(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3, 4] has no dimension 3");
        assertThatThrownBy(() -> shape.get(-4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3, 4] has no dimension -4");
    }

    @Test
    void broadcastStretchesSizesOfOne() {
        assertThat(Shape.of(2, 1, 4).broadcast(Shape.of(3, 1))).isEqualTo(Shape.of(2, 3, 4));
        assertThat(Shape.of(4).broadcast(Shape.of(2, 3, 4))).isEqualTo(Shape.of(2, 3, 4));
        assertThat(Shape.of().broadcast(Shape.of(5))).isEqualTo(Shape.of(5));
    }

    @Test
    void broadcastBelievesTheSizeThatIsKnown() {
        assertThat(Shape.of(UNKNOWN, 8).broadcast(Shape.of(5, 8))).isEqualTo(Shape.of(5, 8));
        assertThat(Shape.of(5, 8).broadcast(Shape.of(UNKNOWN, 8))).isEqualTo(Shape.of(5, 8));
        assertThat(Shape.of(UNKNOWN).broadcast(Shape.of(1))).isEqualTo(Shape.of(UNKNOWN));
        assertThat(Shape.of(1).broadcast(Shape.of(UNKNOWN))).isEqualTo(Shape.of(UNKNOWN));
        assertThat(Shape.of(UNKNOWN).broadcast(Shape.of(UNKNOWN))).isEqualTo(Shape.of(UNKNOWN));
    }

    @Test
    void broadcastRefusesSizesThatDiffer() {
        assertThatThrownBy(() -> Shape.of(2, 3).broadcast(Shape.of(2, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3] and [2, 4] do not fit");
    }

    @Test
    void reshapeKeepsSizesAndFindsTheRest() {
        assertThat(Shape.of(2, 12, 5).reshape(KEEP, 3, -1)).isEqualTo(Shape.of(2, 3, 20));
        assertThat(Shape.of(2, 3).reshape(-1)).isEqualTo(Shape.of(6));
        assertThat(Shape.of(6).reshape(-1, 1, 1)).isEqualTo(Shape.of(6, 1, 1));
    }

    @Test
    void reshapeLeavesOpenWhatItCannotKnow() {
        Shape image = Shape.of(UNKNOWN, 8, UNKNOWN, UNKNOWN);

        assertThat(image.reshape(KEEP, KEEP, -1)).isEqualTo(Shape.of(UNKNOWN, 8, UNKNOWN));
        assertThat(image.reshape(KEEP, 2, -1)).isEqualTo(Shape.of(UNKNOWN, 2, UNKNOWN));
    }

    @Test
    void reshapeRefusesToLoseElements() {
        assertThatThrownBy(() -> Shape.of(2, 3).reshape(4, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3] cannot become [4, -1]");
        assertThatThrownBy(() -> Shape.of(2, 3).reshape(2, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3] cannot become [2, 4]");
        assertThatThrownBy(() -> Shape.of(0, 3).reshape(KEEP, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[0, 3] cannot become [0, -1]");
    }

    @Test
    void reshapeRefusesToGuess() {
        assertThatThrownBy(() -> Shape.of(2, 3).reshape(-1, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a reshape to [-1, -1] leaves more than one size open");
        assertThatThrownBy(() -> Shape.of(2, 3).reshape(2, 3, KEEP))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3] has no dimension 2");
    }

    @Test
    void concatAddsOneDimension() {
        assertThat(Shape.of(2, 3, 4).concat(1, Shape.of(2, 5, 4))).isEqualTo(Shape.of(2, 8, 4));
        assertThat(Shape.of(2, 3).concat(-1, Shape.of(2, UNKNOWN))).isEqualTo(Shape.of(2, UNKNOWN));
        assertThat(Shape.of(UNKNOWN, 3, 7).concat(1, Shape.of(2, 3, UNKNOWN))).isEqualTo(Shape.of(2, 6, 7));
    }

    @Test
    void concatStretchesNothing() {
        assertThatThrownBy(() -> Shape.of(2, 3, 4).concat(1, Shape.of(2, 3, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3, 4] and [2, 3, 1] do not fit");
        assertThatThrownBy(() -> Shape.of(2, 3).concat(1, Shape.of(2, 3, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3] and [2, 3, 1] do not fit");
    }

    @Test
    void narrowStaysInside() {
        assertThat(Shape.of(77, 8).narrow(0, 2, 75)).isEqualTo(Shape.of(75, 8));
        assertThat(Shape.of(2, UNKNOWN).narrow(-1, 2, 75)).isEqualTo(Shape.of(2, 75));
        assertThatThrownBy(() -> Shape.of(77, 8).narrow(0, 0, 78))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dimension 0 of [77, 8] does not hold 78 entries from 0");
        assertThatThrownBy(() -> Shape.of(77, 8).narrow(0, 0, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dimension 0 of [77, 8] does not hold 0 entries from 0");
    }

    @Test
    void transposeSwapsTwo() {
        assertThat(Shape.of(2, 3, 4).transpose(-1, 0)).isEqualTo(Shape.of(4, 3, 2));
    }

    @Test
    void unsqueezeInsertsAOne() {
        assertThat(Shape.of(2, 3).unsqueeze(0)).isEqualTo(Shape.of(1, 2, 3));
        assertThat(Shape.of(2, 3).unsqueeze(2)).isEqualTo(Shape.of(2, 3, 1));
        assertThat(Shape.of(2, 3).unsqueeze(-1)).isEqualTo(Shape.of(2, 3, 1));
        assertThat(Shape.of(2, 3).unsqueeze(-3)).isEqualTo(Shape.of(1, 2, 3));
        assertThatThrownBy(() -> Shape.of(2, 3).unsqueeze(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[2, 3] takes no new dimension 3");
    }

    @Test
    void aLinearLayerReplacesTheLastSize() {
        assertThat(Shape.of(UNKNOWN, 77, 8).linear(Shape.of(5, 8))).isEqualTo(Shape.of(UNKNOWN, 77, 5));
        assertThatThrownBy(() -> Shape.of(2, 8).linear(Shape.of(8, 5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a linear layer [8, 5] cannot take [2, 8]");
    }

    @Test
    void aConvolutionReplacesTheChannelsAndMovesItsWindow() {
        Shape weight = Shape.of(16, 4, 3, 3);

        assertThat(Shape.of(1, 4, 8, 6).conv2d(weight, Window.same(3))).isEqualTo(Shape.of(1, 16, 8, 6));
        assertThat(Shape.of(1, 4, 8, 6).conv2d(weight, Window.halve())).isEqualTo(Shape.of(1, 16, 4, 3));
        assertThat(Shape.of(1, 4, 8, 6).conv2d(weight, Window.halvePaddedAfter()))
                .isEqualTo(Shape.of(1, 16, 4, 3));
        assertThat(Shape.of(UNKNOWN, 4, UNKNOWN, 6).conv2d(weight, Window.same(3)))
                .isEqualTo(Shape.of(UNKNOWN, 16, UNKNOWN, 6));
    }

    @Test
    void aConvolutionRefusesWhatItCannotTake() {
        assertThatThrownBy(() -> Shape.of(1, 5, 8, 8).conv2d(Shape.of(16, 4, 3, 3), Window.same(3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a convolution [16, 4, 3, 3] cannot take [1, 5, 8, 8]");
        assertThatThrownBy(() -> Shape.of(1, 4, 2, 8).conv2d(Shape.of(16, 4, 4, 4), new Window(1, 0, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[1, 4, 2, 8] is smaller than the kernel of a convolution [16, 4, 4, 4]");
    }

    @Test
    void anUpsampledImageHasTwiceTheHeightAndWidth() {
        assertThat(Shape.of(1, 4, 3, UNKNOWN).doubled()).isEqualTo(Shape.of(1, 4, 6, UNKNOWN));
    }

    @Test
    void aSizeThatIsOnlyKnownLaterIsNotGuessed() {
        assertThatThrownBy(() -> ShapeTensor.of(UNKNOWN, 4).size(0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the size of dimension 0 of [?, 4] is not known yet");
    }
}
