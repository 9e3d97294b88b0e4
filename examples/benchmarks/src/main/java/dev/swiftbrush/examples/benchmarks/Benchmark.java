package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.examples.benchmarks.Job.Kind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures how SwiftBrush draws one image on the CPU, and how three plain ONNX Runtime sessions do, turn by turn. Every
 * measurement is a JVM of its own, so that its peak memory is its own.
 */
public final class Benchmark {
    /** The ways that SwiftBrush has beside its usual one. */
    private static final List<Kind> OTHERS =
            List.of(Kind.LOW_MEMORY, Kind.INT8, Kind.TINY_DECODER, Kind.TINY_DECODER_INT8);

    private static final List<Kind> ALL = List.of(
            Kind.SWIFTBRUSH,
            Kind.LOW_MEMORY,
            Kind.INT8,
            Kind.TINY_DECODER,
            Kind.TINY_DECODER_INT8,
            Kind.PLAIN,
            Kind.STAGES,
            Kind.PEAKS);

    private Benchmark() {}

    /** Prints a report in Markdown; see {@link Options#USAGE}. Exits with 1 if a limit is not kept. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (!run(Options.parse(arguments), System.out, System.err)) {
            System.exit(1);
        }
    }

    /**
     * Writes the checkpoint if need be, measures and prints.
     *
     * @return whether every limit was kept
     */
    static boolean run(Options options, PrintStream out, PrintStream progress)
            throws IOException, InterruptedException {
        RandomCheckpoint checkpoint = new RandomCheckpoint(options.architecture(), options.checkpoint());
        boolean found = checkpoint.isComplete();
        long start = System.nanoTime();
        if (!found) {
            progress.printf("Writing %s%n", options.checkpoint());
            checkpoint.write();
        }
        double writing = (System.nanoTime() - start) / 1e9;
        Path work = Files.createTempDirectory("swiftbrush-benchmark");
        try {
            Report report = measure(options, work, progress);
            String origin =
                    found ? "taken from an earlier run" : String.format(Locale.ROOT, "written in %.1f s", writing);
            report.print(out, options.architecture(), origin);
            return report.limitsKept();
        } finally {
            RandomCheckpoint.deleteTree(work);
            if (!found && !options.keep()) {
                checkpoint.delete();
            }
        }
    }

    private static Report measure(Options options, Path work, PrintStream progress)
            throws IOException, InterruptedException {
        String loadBefore = Machine.load();
        GraphFiles empty = GraphFiles.in(work);
        Figures export = run(Kind.EXPORT, options, work, progress);
        Job job = new Job(Kind.SWIFTBRUSH, options.checkpoint(), work, options.size());
        Figures cold = run(Kind.SWIFTBRUSH, options, work, progress);
        GraphFiles exported = GraphFiles.in(job.cache());
        TinyDecoder.write(job.tinyDecoder(), options.architecture());
        Map<Kind, Figures> firstStarts = new EnumMap<>(Kind.class); // which copy weights, or calibrate
        for (Kind kind : OTHERS) {
            firstStarts.put(kind, run(kind, options, work, progress));
        }
        GraphFiles known = GraphFiles.in(job.cache());

        Map<Kind, List<Figures>> rounds = new EnumMap<>(Kind.class);
        for (int round = 1; round <= options.runs(); round++) {
            progress.printf("Round %d of %d%n", round, options.runs());
            for (Kind kind : ALL) {
                rounds.computeIfAbsent(kind, missing -> new ArrayList<>()).add(run(kind, options, work, progress));
            }
        }
        Map<Kind, Picture> pictures = new EnumMap<>(Kind.class);
        for (Kind kind : ALL) {
            if (kind != Kind.STAGES && kind != Kind.PEAKS) {
                pictures.put(kind, new Picture(Files.readAllBytes(job.picture(kind))));
            }
        }
        return new Report(
                export,
                cold,
                firstStarts,
                rounds,
                exported.writtenSince(empty),
                GraphFiles.in(job.cache()).writtenSince(known),
                pictures,
                loadBefore);
    }

    private static Figures run(Kind kind, Options options, Path work, PrintStream progress)
            throws IOException, InterruptedException {
        progress.printf("Measuring %s%n", kind);
        return Worker.run(new Job(kind, options.checkpoint(), work, options.size()));
    }
}
