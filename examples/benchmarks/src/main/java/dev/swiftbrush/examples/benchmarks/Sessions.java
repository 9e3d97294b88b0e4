package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.SwiftBrush;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Shows that weights are in memory once for each device, not once for each session of the pool: a model opened with one
 * session and with four, each in a JVM of its own.
 */
public final class Sessions {
    private Sessions() {}

    /** Prints a table in Markdown; see {@link Options#USAGE}. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        run(Options.parse(arguments), System.out);
    }

    static void run(Options options, PrintStream out) throws IOException, InterruptedException {
        RandomCheckpoint checkpoint = new RandomCheckpoint(options.architecture(), options.checkpoint());
        boolean found = checkpoint.isComplete();
        if (!found) {
            checkpoint.write();
        }
        Path work = Files.createTempDirectory("swiftbrush-sessions");
        try {
            Integer size = options.size();
            Figures one = Worker.run(new Job(Job.Kind.ONE_SESSION, options.checkpoint(), work, size));
            Figures four = Worker.run(new Job(Job.Kind.FOUR_SESSIONS, options.checkpoint(), work, size));
            out.printf(
                    Locale.ROOT,
                    "### %s, %.2f GB of weights%n%n",
                    options.architecture().title(),
                    options.architecture().weightBytes() / 1e9);
            out.println("| resident memory | `maxConcurrent` 1 | `maxConcurrent` 4 |");
            out.println("|---|---|---|");
            row(out, "after the start", "start", one, four);
            row(out, "after an image of each session, drawn at once", "drawn", one, four);
        } finally {
            RandomCheckpoint.deleteTree(work);
            if (!found && !options.keep()) {
                checkpoint.delete();
            }
        }
    }

    private static void row(PrintStream out, String title, String name, Figures one, Figures four) {
        out.printf("| %s | %s | %s |%n", title, gigabytes(one, name), gigabytes(four, name));
    }

    private static String gigabytes(Figures figures, String name) {
        return figures.number(name).isEmpty()
                ? "n/a"
                : String.format(Locale.ROOT, "%.2f GB", figures.number(name).getAsDouble() / 1e9);
    }

    static Figures measure(Job job, int sessions) {
        Figures figures = new Figures();
        try (SwiftBrush brush = SwiftBrush.builder()
                .model(job.checkpoint())
                .device(Device.cpu())
                .cacheDirectory(job.cache())
                .pool(PoolOptions.defaults().withMaxConcurrent(sessions))
                .warmUp(false) // an image's own memory is not a session's
                .build()) {
            figures.residentMemory("start");
            GenerationRequest request = GenerationRequest.of(Job.PROMPT).withSeed(Job.SEED);
            brush.generateAll(
                    (job.size() == null ? request : request.withSize(job.size(), job.size())).variations(sessions));
            figures.residentMemory("drawn");
        }
        return figures;
    }
}
