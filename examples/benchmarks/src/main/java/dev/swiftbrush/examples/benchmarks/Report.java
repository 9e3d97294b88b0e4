package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.examples.benchmarks.Job.Kind;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * What the processes measured, as Markdown: medians over the rounds.
 *
 * @param cold SwiftBrush's first start, with nothing in the cache
 * @param firstStarts of its other ways
 * @param rounds for each way, what its processes measured
 * @param graphsAtFirstStart graphs that the first start wrote
 * @param graphsLater graphs that all later starts wrote
 */
record Report(
        Figures export,
        Figures cold,
        Map<Kind, Figures> firstStarts,
        Map<Kind, List<Figures>> rounds,
        int graphsAtFirstStart,
        int graphsLater,
        Map<Kind, Picture> pictures,
        String loadBefore) {

    private static final double MEMORY_LIMIT = 8e9;
    private static final double LOW_MEMORY_LIMIT = 4.5e9;
    private static final int LEVELS_LIMIT = 1;
    private static final double GIGA = 1e9;
    private static final String STEADY = "steady.total";
    private static final List<Kind> WAYS =
            List.of(Kind.SWIFTBRUSH, Kind.LOW_MEMORY, Kind.INT8, Kind.TINY_DECODER, Kind.TINY_DECODER_INT8, Kind.PLAIN);

    boolean limitsKept() {
        return isUnder(peak(), MEMORY_LIMIT)
                && isUnder(peak(Kind.LOW_MEMORY), LOW_MEMORY_LIMIT)
                && isSamePicture()
                && picture(Kind.SWIFTBRUSH).isUnsaturated()
                && graphsLater == 0;
    }

    void print(PrintStream out, Architecture architecture, String origin) {
        int side = (int) Math.round(Math.sqrt(picture(Kind.SWIFTBRUSH).rgb().length / 3.0));
        out.printf(Locale.ROOT, "### %s, random weights, %dx%d, fp32 on the CPU%n%n", architecture.title(), side, side);
        out.printf(
                Locale.ROOT,
                "- machine: %s; load average %s before the first measurement, %s after the last%n",
                Machine.describe(),
                loadBefore,
                Machine.load());
        out.printf(
                Locale.ROOT,
                "- JDK %s, ONNX Runtime %s, SwiftBrush %s, %s threads%n",
                System.getProperty("java.version"),
                export.text("onnxruntime"),
                export.text("swiftbrush"),
                export.text("threads"));
        out.printf(
                Locale.ROOT,
                "- checkpoint: %,d parameters in the UNet, %.2f GB in all, %s%n",
                architecture.unetParameters(),
                architecture.weightBytes() / 1e9,
                origin);
        out.printf(
                Locale.ROOT,
                "- rounds: %d, in each a fresh process for each way in turn; figures are medians%n%n",
                rounds(Kind.PLAIN).size());
        printStart(out);
        printImages(out);
        printWays(out);
        printArithmetic(out);
        printVerdicts(out);
    }

    private void printStart(PrintStream out) {
        out.println("| start and memory | SwiftBrush | plain way | plain / SwiftBrush |");
        out.println("|---|---|---|---|");
        out.printf(Locale.ROOT, "| export of the graphs alone | %s | | |%n", time(export.number("export")));
        out.printf(
                Locale.ROOT,
                "| first start, cold cache: fingerprints, export, load | %s | | |%n",
                time(cold.number("start")));
        row(out, "later start: load", "start", Report::time);
        out.printf(
                Locale.ROOT,
                "| graphs written at the first start / at later ones | %d / %d | | |%n",
                graphsAtFirstStart,
                graphsLater);
        row(out, "peak memory after the start", "memory.start", Report::gigabytes);
        row(out, "peak memory after start, first and steady image", "memory", Report::gigabytes);
        out.println();
    }

    private void printImages(PrintStream out) {
        out.println(
                "| one image | SwiftBrush, first | steady | plain way, first | steady | plain / SwiftBrush, steady |");
        out.println("|---|---|---|---|---|---|");
        image(out, "tokens", "tokens", Kind.SWIFTBRUSH);
        image(out, "text encoder", "text", Kind.SWIFTBRUSH);
        image(out, "noise", "noise", Kind.SWIFTBRUSH);
        image(out, "UNet to pixels", "generator", Kind.SWIFTBRUSH);
        image(out, "of it the UNet (own graph)", "unet", Kind.STAGES);
        image(out, "of it the decoder (own graph)", "decoder", Kind.STAGES);
        image(out, "**in all**", "total", Kind.SWIFTBRUSH);
        out.println();
    }

    private void printWays(PrintStream out) {
        out.println(
                "| the ways, side by side | SwiftBrush | `lowMemory(true)` | INT8 | tiny decoder | tiny decoder, INT8 | plain way |");
        out.println("|---|---|---|---|---|---|---|");
        ways(out, "first start, calibration included", kind -> time(first(kind)));
        ways(out, "later start: load", kind -> time(median(kind, "start")));
        ways(out, "peak memory of a later start and its images", kind -> gigabytes(median(kind, "memory")));
        ways(out, "one image, first", kind -> time(median(kind, "first.total")));
        ways(out, "one image, steady", kind -> time(median(kind, STEADY)));
        ways(out, "plain way's time / this one's", kind -> ratio(median(Kind.PLAIN, STEADY), median(kind, STEADY)));
        ways(out, "PSNR against single precision with the same decoder", this::psnr);
        out.printf(
                Locale.ROOT,
                "%nLow memory's picture differs from that of SwiftBrush by %d levels at most, its weights being in half precision.%n%n",
                picture(Kind.SWIFTBRUSH).largestDifference(picture(Kind.LOW_MEMORY)));
    }

    private void printArithmetic(PrintStream out) {
        out.println("| arithmetic | GFLOP | plain way, GFLOP/s | SwiftBrush | INT8 |");
        out.println("|---|---|---|---|---|");
        double text = operations("text");
        double unet = operations("unet");
        double decoder = operations("decoder");
        Share plain = share(Kind.PLAIN, "");
        Share stages = share(Kind.STAGES, "");
        Share ours = share(Kind.SWIFTBRUSH, "");
        Share int8 = share(Kind.INT8, "int8.");
        arithmetic(out, "text encoder", text, plain.of(text, "text"), ours.of(text, "text"), int8.of(text, "text"));
        arithmetic(out, "UNet", unet, plain.of(unet, "unet"), stages.of(unet, "unet"), "");
        arithmetic(out, "decoder", decoder, plain.of(decoder, "decoder"), stages.of(decoder, "decoder"), "");
        double both = unet + decoder;
        arithmetic(
                out,
                "UNet to pixels",
                both,
                plain.of(both, "generator"),
                ours.of(both, "generator"),
                int8.of(both, "generator"));
        out.printf(
                Locale.ROOT,
                "%nThe machine does %s GFLOP/s in a large MatMul and %s in a 3x3 convolution, %s and %s over 8-bit integers; in brackets is the share of the greater of both."
                        + " Operations are counted as if each convolution were computed directly, so a share may exceed 100%%.%n%n",
                rate("peak.product"),
                rate("peak.convolution"),
                rate("peak.int8.product"),
                rate("peak.int8.convolution"));
    }

    private double operations(String network) {
        return median(Kind.PEAKS, "operations." + network).orElseThrow();
    }

    private String rate(String name) {
        return format("%.0f", median(Kind.PEAKS, name).orElseThrow() / GIGA);
    }

    /** Says how fast a way computes, and beside what the machine can. */
    private interface Share {
        String of(double operations, String stage);
    }

    private Share share(Kind kind, String integers) {
        double peak = Math.max(
                median(Kind.PEAKS, "peak." + integers + "product").orElseThrow(),
                median(Kind.PEAKS, "peak." + integers + "convolution").orElseThrow());
        return (operations, stage) -> {
            double rate = operations / median(kind, "steady." + stage).orElseThrow();
            return String.format(Locale.ROOT, "%.0f (%.0f%%)", rate / GIGA, 100 * rate / peak);
        };
    }

    private static void arithmetic(
            PrintStream out, String title, double operations, String plain, String ours, String int8) {
        out.printf(Locale.ROOT, "| %s | %.1f | %s | %s | %s |%n", title, operations / GIGA, plain, ours, int8);
    }

    private static void ways(PrintStream out, String title, Function<Kind, String> cell) {
        String cells = WAYS.stream().map(cell).collect(Collectors.joining(" | "));
        out.printf(Locale.ROOT, "| %s | %s |%n", title, cells);
    }

    private OptionalDouble first(Kind kind) {
        Figures figures = kind == Kind.SWIFTBRUSH ? cold : firstStarts.get(kind);
        return figures == null ? OptionalDouble.empty() : figures.number("start");
    }

    private String psnr(Kind kind) {
        if (!kind.isInt8()) {
            return "";
        }
        Kind exact = kind.hasTinyDecoder() ? Kind.TINY_DECODER : Kind.SWIFTBRUSH;
        return format("%.1f dB", picture(kind).psnr(picture(exact)));
    }

    private Picture picture(Kind kind) {
        return Objects.requireNonNull(pictures.get(kind), "no picture of " + kind);
    }

    private void printVerdicts(PrintStream out) {
        memory(out, "SwiftBrush, largest of all its processes", peak(), MEMORY_LIMIT);
        memory(out, "low memory, largest of its later starts", peak(Kind.LOW_MEMORY), LOW_MEMORY_LIMIT);
        out.printf(Locale.ROOT, "- later starts export nothing: %s%n", verdict(graphsLater == 0));
        out.printf(
                Locale.ROOT,
                "- picture: standard deviation %.1f levels (over 20), %.2f%% clipped (under 5%%): %s%n",
                picture(Kind.SWIFTBRUSH).standardDeviation(),
                100 * picture(Kind.SWIFTBRUSH).clipped(),
                verdict(picture(Kind.SWIFTBRUSH).isUnsaturated()));
        out.printf(
                Locale.ROOT,
                "- largest difference between the two ways: %d levels (at most %d): %s%n",
                picture(Kind.SWIFTBRUSH).largestDifference(picture(Kind.PLAIN)),
                LEVELS_LIMIT,
                verdict(isSamePicture()));
    }

    private static void memory(PrintStream out, String whose, OptionalDouble peak, double limit) {
        out.printf(
                Locale.ROOT,
                "- peak memory of %s: %s, limit %s: %s%n",
                whose,
                gigabytes(peak),
                gigabytes(OptionalDouble.of(limit)),
                verdict(isUnder(peak, limit)));
    }

    /** Where the operating system does not tell, nothing is claimed and nothing fails. */
    private static boolean isUnder(OptionalDouble peak, double limit) {
        return peak.orElse(0) < limit;
    }

    private boolean isSamePicture() {
        return picture(Kind.SWIFTBRUSH).largestDifference(picture(Kind.PLAIN)) <= LEVELS_LIMIT;
    }

    private OptionalDouble peak() {
        return DoubleStream.concat(cold.number("memory").stream(), peak(Kind.SWIFTBRUSH).stream())
                .max();
    }

    private OptionalDouble peak(Kind kind) {
        return rounds(kind).stream()
                .flatMapToDouble(figures -> figures.number("memory").stream())
                .max();
    }

    private void row(PrintStream out, String title, String name, Format format) {
        OptionalDouble ours = median(Kind.SWIFTBRUSH, name);
        OptionalDouble theirs = median(Kind.PLAIN, name);
        out.printf(
                Locale.ROOT, "| %s | %s | %s | %s |%n", title, format.of(ours), format.of(theirs), ratio(theirs, ours));
    }

    private void image(PrintStream out, String title, String stage, Kind ours) {
        OptionalDouble steady = median(ours, "steady." + stage);
        OptionalDouble theirs = median(Kind.PLAIN, "steady." + stage);
        out.printf(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s | %s |%n",
                title,
                time(median(ours, "first." + stage)),
                time(steady),
                time(median(Kind.PLAIN, "first." + stage)),
                time(theirs),
                ratio(theirs, steady));
    }

    private OptionalDouble median(Kind kind, String name) {
        double[] sorted = rounds(kind).stream()
                .flatMapToDouble(figures -> figures.number(name).stream())
                .sorted()
                .toArray();
        int middle = sorted.length / 2;
        if (sorted.length == 0) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
    }

    private List<Figures> rounds(Kind kind) {
        return Objects.requireNonNull(rounds.get(kind), "no rounds of " + kind);
    }

    private interface Format {
        String of(OptionalDouble value);
    }

    private static String time(OptionalDouble seconds) {
        if (seconds.isEmpty()) {
            return "n/a";
        }
        double value = seconds.getAsDouble();
        return value < 0.1 ? format("%.1f ms", value * 1e3) : format("%.2f s", value);
    }

    private static String gigabytes(OptionalDouble bytes) {
        return bytes.isEmpty() ? "n/a" : format("%.2f GB", bytes.getAsDouble() / 1e9);
    }

    private static String ratio(OptionalDouble theirs, OptionalDouble ours) {
        return theirs.isEmpty() || ours.isEmpty() ? "n/a" : format("%.2f", theirs.getAsDouble() / ours.getAsDouble());
    }

    private static String format(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }

    private static String verdict(boolean kept) {
        return kept ? "PASS" : "FAIL";
    }
}
