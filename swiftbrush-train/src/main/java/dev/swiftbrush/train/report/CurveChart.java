package dev.swiftbrush.train.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Draws a curve as SVG: the values thin, their running mean thick, and a band from lowest to highest where points are merged. */
final class CurveChart {

    private static final int WIDTH = 560;
    private static final int HEIGHT = 210;
    private static final int LEFT = 58;
    private static final int RIGHT = 12;
    private static final int TOP = 8;
    private static final int BOTTOM = 24;

    private static final int SMOOTHED_FROM = 50; // points
    private static final double WINDOW = 1.0 / 25; // of all points

    private final String name;
    private final List<Curve.Point> points;
    private final boolean summary;
    private final double last;
    private final Axis steps;
    private final List<Long> marks;
    private final Format format;

    /** How a value is written. */
    interface Format {
        String of(double value);
    }

    /** @param marks steps to draw a line at, where a run was resumed */
    CurveChart(String name, Curve curve, long firstStep, long lastStep, List<Long> marks, Format format) {
        this.name = name;
        this.points = curve.points();
        this.summary = curve.isSummary();
        this.last = curve.last();
        this.steps = firstStep < lastStep
                ? new Axis(firstStep, lastStep, false)
                : new Axis(firstStep - 1, firstStep + 1, false);
        this.marks = marks;
        this.format = format;
    }

    /** A figure with its caption. */
    Html figure() {
        Html html = new Html();
        if (points.isEmpty()) {
            return html.add(
                    "<figure class=\"chart\"><figcaption><b>%s</b></figcaption><p class=\"quiet\">no finite value</p></figure>\n",
                    name);
        }
        double least = points.stream().mapToDouble(Curve.Point::least).min().orElseThrow();
        double most = points.stream().mapToDouble(Curve.Point::most).max().orElseThrow();
        String rest = "last " + format.of(last);
        boolean positive = least >= Axis.LEAST;
        html.add(
                "<figure class=\"chart\" data-points=\"%s\"><figcaption><b>%s</b><span class=\"readout\" data-rest=\"%s\">%s</span></figcaption>\n",
                hoverPoints(), name, rest, rest);
        html.add(
                "<svg viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s over the steps, from %s to %s, %s\">\n",
                WIDTH, HEIGHT, name, format.of(least), format.of(most), rest);
        stepAxis(html);
        html.add("<g class=\"%s\">\n", positive ? "lin" : "lin only");
        curve(html, Axis.linear(least, most), least, most);
        html.add("</g>\n");
        if (positive) {
            html.add("<g class=\"log\">\n");
            curve(html, Axis.logarithmic(least, most), least, most);
            html.add("</g>\n");
        }
        return html.add(
                "<line class=\"cursor\" y1=\"%s\" y2=\"%s\" x1=\"-9\" x2=\"-9\"/></svg></figure>\n",
                TOP, HEIGHT - BOTTOM);
    }

    private void stepAxis(Html html) {
        for (double tick : steps.ticks(6)) {
            if (tick == Math.rint(tick)) {
                html.add(
                        "<text class=\"tick\" x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>\n",
                        tenth(x(tick)), HEIGHT - 7, shortCount((long) tick));
            }
        }
        for (long mark : marks) {
            html.add(
                    "<line class=\"resumed\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%s\"/>\n",
                    tenth(x(mark)), tenth(x(mark)), TOP, HEIGHT - BOTTOM);
        }
    }

    private void curve(Html html, Axis values, double least, double most) {
        for (double tick : least == most ? List.of(least) : values.ticks(4)) {
            String y = tenth(y(values, tick));
            html.add(
                    "<line class=\"grid\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%s\"/><text class=\"tick\" x=\"%s\" y=\"%s\" dy=\"0.32em\" text-anchor=\"end\">%s</text>\n",
                    LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y, format.of(tick));
        }
        if (points.size() == 1) {
            Curve.Point only = points.get(0);
            html.add(
                    "<circle class=\"dot\" cx=\"%s\" cy=\"%s\" r=\"3\"/>\n",
                    tenth(x(only.step())), tenth(y(values, only.mean())));
            return;
        }
        if (summary) {
            List<Curve.Point> back = new ArrayList<>(points);
            Collections.reverse(back);
            String band = points.stream()
                            .map(p -> pair(p.step(), y(values, p.most())))
                            .collect(Collectors.joining(" "))
                    + " "
                    + back.stream()
                            .map(p -> pair(p.step(), y(values, p.least())))
                            .collect(Collectors.joining(" "));
            html.add("<polygon class=\"band\" points=\"%s\"/>\n", band);
        }
        boolean smoothed = points.size() >= SMOOTHED_FROM;
        html.add(
                "<polyline class=\"%s\" points=\"%s\"/>\n",
                smoothed ? "thin" : "thick", line(values, i -> points.get(i).mean()));
        if (smoothed) {
            html.add("<polyline class=\"thick\" points=\"%s\"/>\n", line(values, runningMean()));
        }
    }

    private String line(Axis values, IntToDoubleFunction value) {
        return IntStream.range(0, points.size())
                .mapToObj(i -> pair(points.get(i).step(), y(values, value.applyAsDouble(i))))
                .collect(Collectors.joining(" "));
    }

    /** The mean of a point and of those near it on either side. */
    private IntToDoubleFunction runningMean() {
        int reach = (int) (points.size() * WINDOW / 2);
        return i -> {
            return points.subList(Math.max(0, i - reach), Math.min(points.size(), i + reach + 1)).stream()
                    .mapToDouble(Curve.Point::mean)
                    .average()
                    .orElseThrow();
        };
    }

    /** {@code x:step:text} of each point, x in units of the drawing. */
    private String hoverPoints() {
        return points.stream()
                .map(p -> tenth(x(p.step())) + ":" + Math.round(p.step()) + ":" + format.of(p.mean()))
                .collect(Collectors.joining(";"));
    }

    private String pair(double step, double y) {
        return tenth(x(step)) + "," + tenth(y);
    }

    private double x(double step) {
        return LEFT + steps.at(step) * (WIDTH - LEFT - RIGHT);
    }

    private static double y(Axis values, double value) {
        return HEIGHT - BOTTOM - values.at(value) * (HEIGHT - TOP - BOTTOM);
    }

    private static String tenth(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    /** {@code 500}, {@code 2.5k}, {@code 40k}, {@code 1.2M}. */
    private static String shortCount(long value) {
        return value < 1000
                ? Long.toString(value)
                : value < 1_000_000 ? Figures.number(value / 1e3) + "k" : Figures.number(value / 1e6) + "M";
    }
}
