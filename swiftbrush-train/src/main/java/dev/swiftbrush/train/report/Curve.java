package dev.swiftbrush.train.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A figure over the steps of a run, in bounded memory: when there are too many points, neighbours become one that keeps their
 * mean, lowest and highest value. What is infinite, beyond 1e250 or not a number is counted and left out. Use from one thread.
 */
final class Curve {

    static final int MOST_POINTS = 800;

    private static final double LARGEST = 1e250; // an axis has room beyond

    private final List<Point> points = new ArrayList<>();
    private long stride = 1;
    private Sum open = new Sum();

    private double first;
    private double last;
    private long notFinite;
    private long firstNotFinite;

    /** @param step the middle of the steps it stands for */
    record Point(double step, double mean, double least, double most, long count) {}

    void add(long step, double value) {
        if (!(Math.abs(value) <= LARGEST)) {
            if (notFinite++ == 0) {
                firstNotFinite = step;
            }
            return;
        }
        first = points.isEmpty() && open.count == 0 ? value : first;
        last = value;
        open.add(new Point(step, value, value, value, 1));
        if (open.count == stride) {
            points.add(open.point());
            open = new Sum();
        }
        if (points.size() == MOST_POINTS) {
            halve();
        }
    }

    /** In the order of the steps. */
    List<Point> points() {
        List<Point> all = new ArrayList<>(points);
        if (open.count > 0) {
            all.add(open.point());
        }
        return all;
    }

    /** The first value, if there is a point. */
    double first() {
        return first;
    }

    /** The last value, if there is a point. */
    double last() {
        return last;
    }

    /** True if more than one value stands behind a point. */
    boolean isSummary() {
        return stride > 1;
    }

    long notFinite() {
        return notFinite;
    }

    /** The first step that was counted by {@link #notFinite}. */
    long firstNotFinite() {
        return firstNotFinite;
    }

    private void halve() {
        for (int i = 0; i < MOST_POINTS / 2; i++) {
            Sum pair = new Sum();
            pair.add(points.get(2 * i));
            pair.add(points.get(2 * i + 1));
            points.set(i, pair.point());
        }
        points.subList(MOST_POINTS / 2, MOST_POINTS).clear();
        stride *= 2;
    }

    private static final class Sum {
        private long count;
        private double step; // means
        private double mean;
        private double least = Double.POSITIVE_INFINITY;
        private double most = Double.NEGATIVE_INFINITY;

        void add(Point point) {
            count += point.count;
            double share = (double) point.count / count;
            step += (point.step - step) * share;
            mean = mean * (1 - share) + point.mean * share; // no sum, which might overflow
            least = Math.min(least, point.least);
            most = Math.max(most, point.most);
        }

        Point point() {
            return new Point(step, mean, least, most, count);
        }
    }
}
