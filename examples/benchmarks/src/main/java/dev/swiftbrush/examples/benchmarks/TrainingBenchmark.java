package dev.swiftbrush.examples.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.train.JvmFlags;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * Measures what a step of distillation costs on the CPU, in time and in memory, beside eager PyTorch doing the same from the
 * same checkpoint. Every measurement is a process of its own, turn by turn.
 */
public final class TrainingBenchmark {
    static final String USAGE =
            "--python FILE [--script FILE] [--checkpoint DIR] [--runs N] [--steps N] [--batch N] [--threads N]";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LATENTS = 32;

    private final Options options;

    /** Who trains, and how. */
    enum Side {
        OURS("SwiftBrush"),
        CHECKPOINTING("SwiftBrush, gradient checkpointing"),
        RELEASED("PyTorch, as released"),
        BEST("PyTorch, at its best");

        private final String title;

        Side(String title) {
            this.title = title;
        }

        boolean isOurs() {
            return this == OURS || this == CHECKPOINTING;
        }
    }

    /**
     * What the command line asks for.
     *
     * @param python an interpreter that has what tools/reference/requirements.txt names
     * @param runs processes for each side
     */
    record Options(String python, Path script, Path checkpoint, int runs, int steps, int batch, int threads) {

        static Options parse(String... arguments) {
            String python = "";
            Path script = Path.of("tools/reference/train_speed.py");
            Path checkpoint = Path.of("examples/benchmarks/target/sd-mid-random");
            int runs = 2;
            int steps = 6;
            int batch = 4;
            int threads = Runtime.getRuntime().availableProcessors();
            for (int i = 0; i + 1 < arguments.length; i += 2) {
                String value = arguments[i + 1];
                switch (arguments[i]) {
                    case "--python" -> python = value;
                    case "--script" -> script = Path.of(value);
                    case "--checkpoint" -> checkpoint = Path.of(value);
                    case "--runs" -> runs = Integer.parseInt(value);
                    case "--steps" -> steps = Integer.parseInt(value);
                    case "--batch" -> batch = Integer.parseInt(value);
                    case "--threads" -> threads = Integer.parseInt(value);
                    default ->
                        throw new IllegalArgumentException(
                                "%s is unknown; there are %s".formatted(arguments[i], USAGE));
                }
            }
            if (python.isEmpty() || arguments.length % 2 == 1) {
                throw new IllegalArgumentException("a Python interpreter is needed: " + USAGE);
            }
            return new Options(python, script, checkpoint.toAbsolutePath().normalize(), runs, steps, batch, threads);
        }
    }

    TrainingBenchmark(Options options) {
        this.options = options;
    }

    /** Prints a report in Markdown; see {@link #USAGE}. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        new TrainingBenchmark(Options.parse(arguments)).run(System.out);
    }

    private void run(PrintStream out) throws IOException, InterruptedException {
        RandomCheckpoint checkpoint = new RandomCheckpoint(Architecture.SD_MID, options.checkpoint());
        if (!checkpoint.isComplete()) {
            checkpoint.write();
        }
        String load = Machine.load();
        Map<Side, List<JsonNode>> runs = new EnumMap<>(Side.class);
        for (int round = 0; round < options.runs(); round++) {
            for (Side side : Side.values()) {
                System.err.printf("Round %d of %d: %s%n", round + 1, options.runs(), side.title);
                runs.computeIfAbsent(side, missing -> new ArrayList<>()).add(measure(side));
            }
        }
        report(out, runs, load);
    }

    private JsonNode measure(Side side) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(side.isOurs() ? ours(side) : theirs(side));
        if (side.isOurs()) {
            JvmFlags.setEnvironment(builder.environment());
        }
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String end = lines.lines().filter(line -> line.startsWith("END ")).reduce("", (first, last) -> last);
            int code = process.waitFor();
            if (code != 0 || end.isEmpty()) {
                throw new IOException("%s ended with code %d; what it said stands above".formatted(side.title, code));
            }
            return JSON.readTree(end.substring("END ".length()));
        } finally {
            process.destroy();
        }
    }

    private List<String> ours(Side side) {
        List<String> command = Worker.command(
                TrainingWorker.class,
                List.of(
                        options.checkpoint().toString(),
                        "" + options.steps(),
                        "" + options.batch(),
                        "" + options.threads(),
                        "f32",
                        "" + (side == Side.CHECKPOINTING),
                        "" + LATENTS));
        command.addAll(1, JvmFlags.all());
        return command;
    }

    private List<String> theirs(Side side) {
        return List.of(
                options.python(),
                options.script().toString(),
                options.checkpoint().toString(),
                "--mode",
                side.name().toLowerCase(Locale.ROOT),
                "--steps",
                "" + options.steps(),
                "--batch",
                "" + options.batch(),
                "--threads",
                "" + options.threads(),
                "--latents",
                "" + LATENTS);
    }

    void report(PrintStream out, Map<Side, List<JsonNode>> runs, String load) {
        List<JsonNode> ours = runsOf(Side.OURS, runs);
        JsonNode torch = runsOf(Side.BEST, runs).get(0);
        out.printf("# A step of variational score distillation%n%n");
        out.printf("- %s; load before: %s%n", Machine.describe(), load);
        out.printf(
                "- %,d parameters, latents %dx%d, batch %d, f32, %d threads; %d processes each, turn by turn, %d steps each, medians without the first two%n",
                torch.path("parameters").asLong(),
                LATENTS,
                LATENTS,
                options.batch(),
                options.threads(),
                options.runs(),
                options.steps());
        out.printf(
                "- libtorch %s, Java %s; torch %s, diffusers %s, peft %s, %s, %s%n%n",
                ours.get(0).path("libtorch").asText(),
                Runtime.version().feature(),
                torch.path("torch").asText(),
                torch.path("diffusers").asText(),
                torch.path("peft").asText(),
                torch.path("blas").asText(),
                torch.path("libraries"));
        double seconds = median(ours, "median_seconds");
        double peak = median(ours, "peak_mb");
        out.println("| | s/step | steps/s of SwiftBrush over it | peak RSS, MB | RSS of SwiftBrush over it |");
        out.println("|---|---|---|---|---|");
        runs.forEach((side, all) -> out.printf(
                Locale.ROOT,
                "| %s | %.2f | %.2f | %.0f | %.2f |%n",
                side.title,
                median(all, "median_seconds"),
                median(all, "median_seconds") / seconds,
                median(all, "peak_mb"),
                peak / median(all, "peak_mb")));
        out.printf("%n| part of a step, s |");
        runs.keySet().forEach(side -> out.printf(" %s |", side.title));
        out.printf("%n|---|---|---|---|---|%n");
        TreeSet<String> parts = new TreeSet<>();
        runs.values()
                .forEach(all -> all.get(0).path("median_parts").fieldNames().forEachRemaining(parts::add));
        for (String part : parts) {
            out.printf("| %s |", part.replace('_', ' '));
            for (List<JsonNode> all : runs.values()) {
                JsonNode value = all.get(all.size() - 1).path("median_parts").path(part);
                out.print(value.isMissingNode() ? " |" : String.format(Locale.ROOT, " %.2f |", value.asDouble()));
            }
            out.println();
        }
        out.printf("%n| memory of SwiftBrush, MB | estimated | peak of the process |%n|---|---|---|%n");
        for (Side side : List.of(Side.OURS, Side.CHECKPOINTING)) {
            out.printf(
                    Locale.ROOT,
                    "| %s | %.0f | %.0f |%n",
                    side == Side.OURS ? "all kept" : "gradient checkpointing",
                    median(runsOf(side, runs), "estimate_mb"),
                    median(runsOf(side, runs), "peak_mb"));
        }
    }

    private static List<JsonNode> runsOf(Side side, Map<Side, List<JsonNode>> runs) {
        return Objects.requireNonNull(runs.get(side), () -> side.title + " did not run");
    }

    private static double median(List<JsonNode> runs, String name) {
        double[] sorted = runs.stream()
                .mapToDouble(run -> run.path(name).asDouble())
                .sorted()
                .toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
