package dev.swiftbrush.train.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FrechetDistanceTest {
    private static final double ROUNDING = 1e-6; // features are single precision

    @Test
    void isZeroBetweenEquals() {
        assertThat(FrechetDistance.between(waves(), waves())).isCloseTo(0, within(ROUNDING));
    }

    @Test
    void isTheSquareOfAShift() {
        List<float[]> shifted = waves().stream()
                .map(each -> new float[] {each[0] + 3, each[1] - 4, each[2]})
                .toList();
        assertThat(FrechetDistance.between(waves(), shifted)).isCloseTo(25, within(1e-5));
    }

    /** Twice the deviations: tr(C) (1 - 2)² and the shift of the mean. */
    @Test
    void isTheSumOfSquaredDifferencesOfDeviations() {
        List<float[]> one = List.of(new float[] {1, 0}, new float[] {-1, 0}, new float[] {0, 2}, new float[] {0, -2});
        List<float[]> twice =
                one.stream().map(each -> new float[] {2 * each[0], 2 * each[1]}).toList();
        assertThat(FrechetDistance.between(one, twice)).isCloseTo(2.0 / 3 + 8.0 / 3, within(ROUNDING));
    }

    /** From NumPy: the eigenvalues of the product of the covariances, without symmetry. */
    @Test
    void agreesWithNumPy() {
        List<float[]> others = new ArrayList<>();
        for (int n = 0; n < 40; n++) {
            others.add(
                    new float[] {(float) Math.cos(2 * n), (float) (Math.cos(3 * n) + 0.5), (float) (Math.cos(4 * n) + 1)
                    });
        }
        assertThat(FrechetDistance.between(waves(), others)).isCloseTo(1.296813113138227, within(ROUNDING));
    }

    @Test
    void fewerVectorsThanDimensionsAreEnough() {
        List<float[]> two = waves().subList(0, 2);
        assertThat(FrechetDistance.between(two, two)).isCloseTo(0, within(ROUNDING));
    }

    @Test
    void refusesASingleVector() {
        List<float[]> one = waves().subList(0, 1);
        assertThatThrownBy(() -> FrechetDistance.between(one, waves()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a distribution needs two vectors or more, but there are 1");
    }

    private static List<float[]> waves() {
        List<float[]> vectors = new ArrayList<>();
        for (int n = 0; n < 40; n++) {
            vectors.add(new float[] {(float) Math.sin(n), (float) Math.sin(2 * n), (float) Math.sin(3 * n)});
        }
        return vectors;
    }
}
