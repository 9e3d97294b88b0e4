package dev.swiftbrush.train.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where the files of a run lie. */
record RunFolder(Path path) {

    private static final Pattern GRID = Pattern.compile("step-(\\d{1,18})\\.png");

    /** One line for each step. */
    Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    /** One line for each thing that happened. */
    Path events() {
        return path.resolve("events.jsonl");
    }

    Path settings() {
        return path.resolve("settings.json");
    }

    Path tensorBoard() {
        return path.resolve("tensorboard");
    }

    Path report() {
        return path.resolve("report.html");
    }

    Path samples() {
        return path.resolve("samples");
    }

    Path grid(long step) {
        return samples().resolve(String.format(Locale.ROOT, "step-%08d.png", step));
    }

    /** The sample grids that are there, by step. */
    TreeMap<Long, Path> grids() throws IOException {
        TreeMap<Long, Path> grids = new TreeMap<>();
        if (Files.isDirectory(samples())) {
            try (Stream<Path> files = Files.list(samples())) {
                files.map(file -> Map.entry(GRID.matcher(file.getFileName().toString()), file))
                        .filter(each -> each.getKey().matches() && Files.isRegularFile(each.getValue()))
                        .forEach(each -> grids.put(step(each.getKey()), each.getValue()));
            }
        }
        return grids;
    }

    private static long step(Matcher name) {
        return Long.parseLong(name.group(1));
    }
}
