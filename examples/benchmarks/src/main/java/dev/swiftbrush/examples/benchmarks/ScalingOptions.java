package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the command line of {@link Scaling} asks for.
 *
 * @param model a folder or a hub's name, or null for random weights
 * @param checkpoint where random weights lie or are written
 * @param sizes width and height of the images
 * @param batches how many are drawn in one network call
 * @param runs that are timed, of each size and batch
 */
record ScalingOptions(
        Architecture architecture,
        @Nullable String model,
        Path checkpoint,
        Device device,
        List<Integer> sizes,
        List<Integer> batches,
        int runs) {

    static final String USAGE =
            "[--device cpu|cpu:THREADS|cuda|cuda:N|auto] [--sizes N,...] [--batches N,...] [--runs N] [--model NAME] [--checkpoint DIR] [--tiny]";

    private static final int MOST = 16_384;

    /** @throws IllegalArgumentException if an option is unknown or has no sensible value */
    static ScalingOptions parse(String... arguments) {
        Architecture architecture = Architecture.SD21_BASE;
        String model = null;
        Path checkpoint = null;
        Device device = Device.auto();
        List<Integer> sizes = List.of(256, 384, 512, 640);
        List<Integer> batches = List.of(1, 2);
        int runs = 3;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--tiny" -> architecture = Architecture.TINY;
                case "--model" -> model = value(arguments, ++i);
                case "--checkpoint" -> checkpoint = Path.of(value(arguments, ++i));
                case "--device" -> device = device(value(arguments, ++i));
                case "--sizes" -> sizes = numbers(arguments, ++i);
                case "--batches" -> batches = numbers(arguments, ++i);
                case "--runs" -> runs = number("--runs", value(arguments, ++i), 1);
                default ->
                    throw new IllegalArgumentException(
                            "option '%s' is unknown; there are %s".formatted(arguments[i], USAGE));
            }
        }
        Path folder = checkpoint != null
                ? checkpoint.toAbsolutePath().normalize()
                : Options.parse(architecture == Architecture.TINY ? new String[] {"--tiny"} : new String[0])
                        .checkpoint();
        return new ScalingOptions(architecture, model, folder, device, sizes, batches, runs);
    }

    private static Device device(String name) {
        String[] parts = name.split(":", 2);
        int number = parts.length == 2 ? number("--device", parts[1], 0) : -1;
        return switch (parts[0]) {
            case "auto" -> Device.auto();
            case "cpu" -> number < 0 ? Device.cpu() : Device.cpu(number);
            case "cuda" -> Device.cuda(Math.max(0, number));
            default ->
                throw new IllegalArgumentException(
                        "--device must be cpu, cuda or auto, but was '%s'; options are %s".formatted(name, USAGE));
        };
    }

    private static String value(String[] arguments, int i) {
        if (i == arguments.length) {
            throw new IllegalArgumentException("%s needs a value; options are %s".formatted(arguments[i - 1], USAGE));
        }
        return arguments[i];
    }

    private static List<Integer> numbers(String[] arguments, int i) {
        return Stream.of(value(arguments, i).split(","))
                .map(each -> number(arguments[i - 1], each, 1))
                .toList();
    }

    private static int number(String option, String value, int least) {
        if (!value.matches("[0-9]{1,5}") || Integer.parseInt(value) > MOST || Integer.parseInt(value) < least) {
            throw new IllegalArgumentException(
                    "%s must be a number from %d to %d, but was '%s'".formatted(option, least, MOST, value));
        }
        return Integer.parseInt(value);
    }
}
