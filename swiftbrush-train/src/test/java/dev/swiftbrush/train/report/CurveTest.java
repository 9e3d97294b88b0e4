package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.train.report.Curve.Point;
import java.util.List;
import org.junit.jupiter.api.Test;

class CurveTest {

    @Test
    void keepsEveryPointWhileTheyAreFew() {
        Curve curve = new Curve();
        curve.add(1, 5);
        curve.add(2, 3);

        assertThat(curve.points()).containsExactly(new Point(1, 5, 5, 5, 1), new Point(2, 3, 3, 3, 1));
        assertThat(curve.isSummary()).isFalse();
    }

    @Test
    void mergesManyPointsWithoutLosingTheirMeanOrTheirExtremes() {
        Curve curve = new Curve();
        int steps = 1_000_001;
        for (int step = 1; step <= steps; step++) {
            curve.add(step, step == 777_777 ? -5 : step % 2);
        }
        List<Point> points = curve.points();

        assertThat(curve.isSummary()).isTrue();
        assertThat(points).hasSizeBetween(Curve.MOST_POINTS / 2, Curve.MOST_POINTS);
        assertThat(points.stream().mapToLong(Point::count).sum()).isEqualTo(steps);
        assertThat(points.stream().mapToDouble(Point::least).min()).hasValue(-5);
        assertThat(points.stream().mapToDouble(Point::most).max()).hasValue(1);
        assertThat(points.get(0).mean()).isCloseTo(0.5, within(1e-9));
        assertThat(points.get(0).step()).isCloseTo((1 + points.get(0).count()) / 2.0, within(1e-6));
        assertThat(curve.first()).isEqualTo(1);
        assertThat(curve.last()).isEqualTo(1);
    }

    @Test
    void countsWhatIsNotFinite() {
        Curve curve = new Curve();
        curve.add(1, 0);
        curve.add(2, Double.NaN);
        curve.add(3, Double.POSITIVE_INFINITY);
        curve.add(4, 1e251);

        assertThat(curve.points()).hasSize(1);
        assertThat(curve.notFinite()).isEqualTo(3);
        assertThat(curve.firstNotFinite()).isEqualTo(2);
    }

    @Test
    void marksRoundNumbersOnAnAxis() {
        assertThat(new Axis(0.5, 9.6, false).ticks(4)).containsExactly(2.0, 4.0, 6.0, 8.0);
        assertThat(new Axis(0, 10, false).ticks(5)).containsExactly(0.0, 2.0, 4.0, 6.0, 8.0, 10.0);
        assertThat(new Axis(-1, 1, false).ticks(4)).containsExactly(-1.0, -0.5, 0.0, 0.5, 1.0);
        assertThat(new Axis(0.009, 110, true).ticks(5)).containsExactly(0.01, 0.1, 1.0, 10.0, 100.0);
        assertThat(new Axis(1e-9, 1e9, true).ticks(4)).containsExactly(1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9);
        assertThat(new Axis(0.03, 0.8, true).ticks(4)).containsExactly(0.05, 0.1, 0.2, 0.5);
        assertThat(new Axis(2.2, 4.9, true).ticks(3)).containsExactly(3.0, 4.0);
    }

    @Test
    void laysNumbersAlongAnAxis() {
        assertThat(new Axis(1, 100, true).at(10)).isCloseTo(0.5, within(1e-12));
        assertThat(new Axis(1, 101, false).at(26)).isEqualTo(0.25);
        assertThat(new Axis(1, 101, false).at(1000)).isEqualTo(1);
    }

    @Test
    void hasRoomForACurveThatIsFlatOrHuge() {
        for (double value : new double[] {0, 1e-300, -3, 5, 1e250}) {
            Axis axis = Axis.linear(value, value);
            assertThat(axis.at(value)).isBetween(0.01, 1.0);
            assertThat(axis.ticks(4)).hasSizeLessThan(10);
        }
        assertThat(Axis.linear(-1e250, 1e250).at(0)).isEqualTo(0.5);
        assertThat(Axis.logarithmic(Axis.LEAST, 1e250).at(1)).isCloseTo(0.5, within(1e-12));
    }
}
