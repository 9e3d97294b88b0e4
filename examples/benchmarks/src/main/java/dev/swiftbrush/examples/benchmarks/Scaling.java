package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.SwiftBrush;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * How long an image takes on a device of choice, and how that grows with its size and with how many are drawn in one network call.
 */
public final class Scaling {
    private static final double MEGAPIXEL = 1e6;
    private static final Duration PATIENCE = Duration.ofSeconds(10); // a batch is full at once

    private Scaling() {}

    /** Measures and prints. */
    public static void main(String[] arguments) throws IOException {
        try {
            run(ScalingOptions.parse(arguments), System.out);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    static void run(ScalingOptions options, PrintStream out) throws IOException {
        RandomCheckpoint random = new RandomCheckpoint(options.architecture(), options.checkpoint());
        if (options.model() == null && !random.isComplete()) {
            random.write();
        }
        Path cache = Files.createTempDirectory("swiftbrush-scaling");
        try {
            boolean begun = false;
            for (int batch : options.batches()) {
                try (SwiftBrush brush = open(options, cache, batch)) {
                    if (!begun) {
                        begin(out, brush, options);
                        begun = true;
                    }
                    for (int size : options.sizes()) {
                        row(out, brush, size, batch, options.runs());
                    }
                }
            }
        } finally {
            RandomCheckpoint.deleteTree(cache);
        }
    }

    private static SwiftBrush open(ScalingOptions options, Path cache, int batch) {
        SwiftBrush.Builder builder = SwiftBrush.builder()
                .device(options.device())
                .pool(PoolOptions.defaults()
                        .withMaxConcurrent(1)
                        .withMaxBatch(batch)
                        .withMaxDelay(PATIENCE))
                .warmUp(false)
                .cacheDirectory(cache);
        String model = options.model();
        if (model == null) {
            return builder.model(options.checkpoint()).build();
        }
        Path folder = Path.of(model);
        return (Files.exists(folder) ? builder.model(folder) : builder.model(model)).build();
    }

    private static void begin(PrintStream out, SwiftBrush brush, ScalingOptions options) {
        out.printf(
                "- model: %s%n",
                options.model() == null ? options.architecture().title() : options.model());
        out.printf("- device: %s, %s%n", brush.model().device(), brush.model().precision());
        out.printf("- machine: %s; load average %s%n", Machine.describe(), Machine.load());
        Gpu.describe().ifPresent(gpu -> out.printf("- GPU: %s%n", gpu));
        out.printf("- median of %d, in seconds of an image; the prompt is encoded once%n%n", options.runs());
        out.println("| size | images in a call | time of an image | per megapixel | memory |");
        out.println("|---|---|---|---|---|");
    }

    private static void row(PrintStream out, SwiftBrush brush, int size, int batch, int runs) {
        GenerationRequest request =
                GenerationRequest.of(Job.PROMPT).withSeed(Job.SEED).withSize(size, size);
        List<Double> seconds = new ArrayList<>();
        for (int run = 0; run <= runs; run++) {
            long start = System.nanoTime();
            List<GeneratedImage> images = brush.generateAll(request.variations(batch));
            if (run > 0) { // the first one is for warming up
                seconds.add((System.nanoTime() - start) / 1e9 / images.size());
            }
        }
        seconds.sort(null);
        double median = (seconds.get((runs - 1) / 2) + seconds.get(runs / 2)) / 2;
        out.printf(
                Locale.ROOT,
                "| %dx%d | %d | %.3f s | %.2f s | %s |%n",
                size,
                size,
                batch,
                median,
                median / (size * size / MEGAPIXEL),
                memory(brush.model().device()));
    }

    /** Of the GPU, if that draws; else of this process. */
    private static String memory(String device) {
        OptionalLong bytes = device.startsWith("cuda") ? Gpu.usedBytes() : Machine.residentBytes();
        return bytes.isPresent() ? String.format(Locale.ROOT, "%.2f GB", bytes.getAsLong() / 1e9) : "n/a";
    }
}
