package dev.swiftbrush.train.report;

import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.weights.AtomicFile;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A page about a run: how far it is, its curves, sample grids, settings and warnings. It is one file that refers to nothing
 * else, and it is made of what {@link RunFiles} wrote, whether the run has ended or not. Thread-safe.
 */
public final class HtmlReport {

    static final int MOST_GRIDS = 12;
    private static final long MOST_GRID_BYTES = 600_000; // a larger one becomes a JPEG
    private static final int MOST_GRID_SIDE = 1200;
    private static final int SHOWN_EVENTS = 60;

    private static final Pattern TIME = Pattern.compile("^(\\d{4}-\\d\\d-\\d\\d)T(\\d\\d:\\d\\d).*");

    private final String title;
    private final RunHistory history;
    private final Map<Long, Path> grids;
    private final Optional<JsonFile> settings;

    private HtmlReport(String title, RunHistory history, Map<Long, Path> grids, Optional<JsonFile> settings) {
        this.title = title;
        this.history = history;
        this.grids = grids;
        this.settings = settings;
    }

    /**
     * Writes {@code report.html} into the folder of a run, over an older one.
     *
     * @return the file
     * @throws SwiftBrushException if the folder holds no run, one of its files is damaged, or the page cannot be written
     */
    public static Path write(Path run) {
        RunFolder folder = new RunFolder(run);
        if (!Files.exists(folder.metrics()) && !Files.exists(folder.events())) {
            throw new StorageException(
                    "%s holds neither metrics.jsonl nor events.jsonl; is it the folder of a run?".formatted(run));
        }
        try {
            Path name = run.toAbsolutePath().normalize().getFileName();
            HtmlReport report = new HtmlReport(
                    name == null ? "run" : name.toString(),
                    RunHistory.of(folder),
                    folder.grids(),
                    JsonFile.readIfPresent(folder.settings()));
            AtomicFile.write(folder.report(), report.page().toString().getBytes(StandardCharsets.UTF_8));
            return folder.report();
        } catch (IOException e) {
            throw StorageException.cannotRead(run, e);
        }
    }

    private Html page() {
        String style = resource("report.css");
        String script = resource("report.js");
        Html html = new Html();
        html.add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.add(
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-%s'\">\n",
                sha256(script));
        html.add("<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n", title);
        html.add("<style>\n%s</style>\n</head>\n<body>\n<main>\n", trusted(style));
        head(html);
        warnings(html);
        samples(html);
        values(html);
        machine(html);
        settings(html);
        events(html);
        return html.add("</main>\n<script>%s</script>\n</body>\n</html>\n", trusted(script));
    }

    private void head(Html html) {
        html.add("<h1>%s</h1>\n", title);
        if (history.isFinished()) {
            html.add("<p><span class=\"state finished\">Finished</span>");
        } else {
            html.add("<p><span class=\"state unfinished\">Unfinished</span>");
        }
        if (history.step() == 0) {
            html.add("<span class=\"quiet\"> no step is completed</span></p>\n");
            return;
        }
        html.add(
                "<span class=\"quiet\"> after step %s of %s, at %s</span></p>\n",
                Figures.count(history.step()), Figures.count(history.totalSteps()), minute(history.lastTime()));
        double share = 100.0 * history.step() / Math.max(history.step(), history.totalSteps());
        html.add("<div class=\"bar\"><div style=\"width: %s%%\"></div></div>\n", Figures.number(share));
        html.add("<div class=\"tiles\">\n");
        tile(html, Figures.count(history.step()), "steps of " + Figures.count(history.totalSteps()));
        tile(html, Figures.count(history.epoch()), "epoch, counted from 0");
        tile(html, Figures.time(history.stepSeconds()), "spent in steps");
        tile(html, Figures.time(history.stepSeconds() / history.step()), "a step, on average");
        Curve throughput = history.machine().get("samples_per_second");
        if (throughput != null && !throughput.points().isEmpty()) {
            tile(html, Figures.number(throughput.last()), "samples per second at the end");
        }
        if (history.peakBytes() > 0) {
            tile(html, Figures.bytes(history.peakBytes()), "peak memory of the process");
        }
        if (!history.isFinished()) {
            tile(html, Figures.time(history.remainingSeconds()), "were left at the last pace");
        }
        html.add("</div>\n");
    }

    private static void tile(Html html, String figure, String what) {
        html.add("<div class=\"tile\"><b>%s</b><span>%s</span></div>\n", figure, what);
    }

    private void warnings(Html html) {
        Html items = new Html();
        history.values().forEach((name, curve) -> {
            if (curve.notFinite() > 0) {
                items.add(
                        "<li>%s was not finite in %s, first in step %s</li>\n",
                        name,
                        curve.notFinite() == 1 ? "1 step" : Figures.count(curve.notFinite()) + " steps",
                        Figures.count(curve.firstNotFinite()));
            }
        });
        for (RunHistory.Warning warning : history.warnings()) {
            items.add(
                    "<li>%s<span>step %s%s</span></li>\n",
                    warning.text(),
                    Figures.count(warning.step()),
                    warning.count() == 1 ? "" : ", %s times in all".formatted(Figures.count(warning.count())));
        }
        if (history.curvesLeftOut() > 0) {
            items.add(
                    "<li>only the first %s figures of metrics.jsonl are drawn</li>\n",
                    Figures.count(RunHistory.MOST_CURVES));
        }
        if (!items.toString().isEmpty()) {
            html.add("<h2>Warnings</h2>\n<ul class=\"warnings\">\n%s</ul>\n", items);
        }
    }

    private void samples(Html html) {
        TreeMap<Long, Path> reached = new TreeMap<>(grids);
        reached.tailMap(history.step(), false).clear(); // of steps that are done again
        if (reached.isEmpty()) {
            return;
        }
        List<Long> shown = evenly(List.copyOf(reached.keySet()), MOST_GRIDS);
        html.add("<h2>Samples</h2>\n");
        if (shown.size() < reached.size()) {
            html.add("<p class=\"quiet\">%s of %s grids</p>\n", shown.size(), reached.size());
        }
        html.add("<div class=\"grids\">\n");
        for (long step : shown) {
            try {
                String address = GridFile.dataAddress(
                        Objects.requireNonNull(reached.get(step)), MOST_GRID_BYTES, MOST_GRID_SIDE);
                html.add(
                        "<figure%s><img src=\"%s\" alt=\"sample pictures after step %s\"><figcaption>step %s</figcaption></figure>\n",
                        trusted(step == shown.get(shown.size() - 1) ? " class=\"wide\"" : ""),
                        address,
                        Figures.count(step),
                        Figures.count(step));
            } catch (IOException | RuntimeException e) { // ImageIO throws both for a damaged file
                html.add(
                        "<figure><figcaption>the grid of step %s cannot be read: %s</figcaption></figure>\n",
                        Figures.count(step), String.valueOf(e.getMessage()));
            }
        }
        html.add("</div>\n");
    }

    /** At most {@code most} of {@code all}, the first and the last among them. */
    static List<Long> evenly(List<Long> all, int most) {
        if (all.size() <= most) {
            return all;
        }
        List<Long> some = new ArrayList<>();
        for (int i = 0; i < most; i++) {
            some.add(all.get((int) ((long) i * (all.size() - 1) / (most - 1))));
        }
        return some;
    }

    private void values(Html html) {
        if (history.values().isEmpty()) {
            return;
        }
        html.add(
                "<h2>Curves</h2>\n<div>\n<input class=\"toggle\" type=\"checkbox\" id=\"log\"><label for=\"log\"> logarithmic, where all values are positive</label>\n");
        if (!history.resumedAt().isEmpty()) {
            html.add("<span class=\"quiet\"> &middot; dashed lines: the run was resumed</span>\n");
        }
        html.add("<div class=\"charts\">\n");
        List<Map.Entry<String, Curve>> values = inOrder(history.values());
        values.forEach(each -> chart(html, each.getKey(), each.getValue(), Figures::number));
        html.add("</div>\n</div>\n<h2>Figures</h2>\n<div class=\"table\"><table>\n<thead><tr><th>value</th>");
        html.add("<th class=\"number\">first</th><th class=\"number\">lowest</th><th class=\"number\">highest</th>");
        html.add("<th class=\"number\">last</th></tr></thead>\n<tbody>\n");
        values.forEach(each -> row(html, each.getKey(), each.getValue()));
        html.add("</tbody></table></div>\n");
    }

    /** Losses first, and last what takes how long. */
    private static List<Map.Entry<String, Curve>> inOrder(Map<String, Curve> values) {
        return values.entrySet().stream()
                .sorted(Comparator.comparing(each ->
                        each.getKey().startsWith("loss") ? 0 : each.getKey().startsWith("seconds/") ? 2 : 1))
                .toList();
    }

    private static void row(Html html, String name, Curve curve) {
        List<Curve.Point> points = curve.points();
        if (points.isEmpty()) {
            return;
        }
        html.add("<tr><td>%s</td>", name);
        for (double figure : new double[] {
            curve.first(),
            points.stream().mapToDouble(Curve.Point::least).min().orElseThrow(),
            points.stream().mapToDouble(Curve.Point::most).max().orElseThrow(),
            curve.last()
        }) {
            html.add("<td class=\"number\">%s</td>", Figures.number(figure));
        }
        html.add("</tr>\n");
    }

    private void machine(Html html) {
        if (history.machine().isEmpty()) {
            return;
        }
        html.add("<h2>Throughput and memory</h2>\n<div class=\"charts\">\n");
        history.machine().forEach((name, curve) -> {
            switch (name) {
                case "samples_per_second" -> chart(html, "samples per second", curve, Figures::number);
                case "step_seconds" -> chart(html, "time of a step", curve, value -> Figures.number(value) + " s");
                default -> chart(html, "memory of the process", curve, value -> Figures.number(value / 1e9) + " GB");
            }
        });
        html.add("</div>\n");
    }

    private void chart(Html html, String name, Curve curve, CurveChart.Format format) {
        html.add("%s", new CurveChart(name, curve, 1, history.step(), history.resumedAt(), format).figure());
    }

    private void settings(Html html) {
        html.add("<h2>Settings</h2>\n");
        if (settings.isEmpty()) {
            html.add("<p class=\"quiet\">no settings.json</p>\n");
            return;
        }
        html.add("<div class=\"table\"><table><tbody>\n");
        Settings.flat(settings.get().root())
                .forEach((name, value) -> html.add("<tr><td class=\"key\">%s</td><td>%s</td></tr>\n", name, value));
        html.add("</tbody></table></div>\n");
    }

    private void events(Html html) {
        List<RunHistory.Event> all = history.events();
        if (all.isEmpty()) {
            return;
        }
        html.add(
                "<h2>Events</h2>\n<div class=\"table\"><table>\n<thead><tr><th class=\"number\">step</th><th>time</th><th>event</th><th></th></tr></thead>\n<tbody>\n");
        for (RunHistory.Event event : all.subList(Math.max(0, all.size() - SHOWN_EVENTS), all.size())) {
            html.add(
                    "<tr><td class=\"number\">%s</td><td class=\"key\">%s</td><td>%s</td><td>%s</td></tr>\n",
                    Figures.count(event.step()), minute(event.time()), event.kind(), event.text());
        }
        html.add("</tbody></table></div>\n");
    }

    /** The time of a line, such as {@code 2026-11-22T12:34:56.789Z}, to the minute. */
    private static String minute(String time) {
        return TIME.matcher(time).replaceFirst("$1 $2 UTC");
    }

    /** Text that comes with the program. */
    private static Html trusted(String text) {
        return new Html().add(text.replace("%", "%%"));
    }

    private static String resource(String name) {
        try (InputStream in = Objects.requireNonNull(HtmlReport.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
