package dev.swiftbrush.examples.benchmarks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the soak's command line asks for.
 *
 * @param threads callers, each with one request after the other
 * @param checkpoint to draw with; written there if it is not
 * @param seed of what the callers ask for
 */
record SoakOptions(Duration time, int threads, int maxConcurrent, int maxBatch, Path checkpoint, long seed) {
    static final String USAGE =
            "[--seconds N] [--threads N] [--concurrent N] [--batch N] [--checkpoint DIR] [--seed N]";

    private static final int SECONDS = 300;
    private static final int THREADS = 16;

    /** @throws IllegalArgumentException if an option is unknown or has no sensible value */
    static SoakOptions parse(List<String> arguments) {
        int seconds = SECONDS;
        int threads = THREADS;
        int maxConcurrent = 2;
        int maxBatch = 4;
        Path checkpoint = Options.parse("--tiny").checkpoint();
        long seed = 1;
        for (int i = 0; i + 1 < arguments.size(); i += 2) {
            String value = arguments.get(i + 1);
            switch (arguments.get(i)) {
                case "--seconds" -> seconds = number(value);
                case "--threads" -> threads = number(value);
                case "--concurrent" -> maxConcurrent = number(value);
                case "--batch" -> maxBatch = number(value);
                case "--checkpoint" ->
                    checkpoint = Path.of(value).toAbsolutePath().normalize();
                case "--seed" -> seed = number(value);
                default ->
                    throw new IllegalArgumentException(
                            "option '%s' is unknown; there are %s".formatted(arguments.get(i), USAGE));
            }
        }
        if (arguments.size() % 2 != 0) {
            throw new IllegalArgumentException(
                    "%s needs a value; options are %s".formatted(arguments.get(arguments.size() - 1), USAGE));
        }
        return new SoakOptions(Duration.ofSeconds(seconds), threads, maxConcurrent, maxBatch, checkpoint, seed);
    }

    /** What {@link #parse} makes these options of. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of("--seconds", Long.toString(time.toSeconds())));
        arguments.addAll(List.of("--threads", Integer.toString(threads)));
        arguments.addAll(List.of("--concurrent", Integer.toString(maxConcurrent)));
        arguments.addAll(List.of("--batch", Integer.toString(maxBatch)));
        arguments.addAll(List.of("--checkpoint", checkpoint.toString()));
        arguments.addAll(List.of("--seed", Long.toString(seed)));
        return arguments;
    }

    private static int number(String value) {
        if (!value.matches("[1-9][0-9]{0,5}")) {
            throw new IllegalArgumentException(
                    "an option must be a number from 1 to 999999, but was '%s'; there are %s".formatted(value, USAGE));
        }
        return Integer.parseInt(value);
    }
}
