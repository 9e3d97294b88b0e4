package dev.swiftbrush.examples.benchmarks;

import java.net.URISyntaxException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the command line asks for.
 *
 * @param checkpoint folder to write to, or to take the checkpoint of an earlier run from
 * @param runs fresh processes for each way of drawing
 * @param size width and height of the image, or null for the model's own
 * @param keep whether a checkpoint that this run writes stays
 */
record Options(
        Architecture architecture,
        Path checkpoint,
        int runs,
        @Nullable Integer size,
        boolean keep) {

    static final String USAGE = "[--checkpoint DIR] [--runs N] [--size PIXELS] [--keep] [--tiny]";

    /** @throws IllegalArgumentException if an option is unknown or has no sensible value */
    static Options parse(String... arguments) {
        Architecture architecture = Architecture.SD21_BASE;
        Path checkpoint = null;
        int runs = 3;
        Integer size = null;
        boolean keep = false;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--checkpoint" -> checkpoint = Path.of(value(arguments, ++i));
                case "--runs" -> runs = number(arguments, ++i);
                case "--size" -> size = number(arguments, ++i);
                case "--keep" -> keep = true;
                case "--tiny" -> architecture = Architecture.TINY;
                default ->
                    throw new IllegalArgumentException(
                            "option '%s' is unknown; there are %s".formatted(arguments[i], USAGE));
            }
        }
        Path folder = checkpoint != null ? checkpoint : buildFolder().resolve(architecture.folder() + "-random");
        return new Options(architecture, folder.toAbsolutePath().normalize(), runs, size, keep);
    }

    private static String value(String[] arguments, int i) {
        if (i == arguments.length) {
            throw new IllegalArgumentException("%s needs a value; options are %s".formatted(arguments[i - 1], USAGE));
        }
        return arguments[i];
    }

    private static int number(String[] arguments, int i) {
        String value = value(arguments, i);
        if (!value.matches("[1-9][0-9]{0,5}")) {
            throw new IllegalArgumentException(
                    "%s must be a number from 1 to 999999, but was '%s'".formatted(arguments[i - 1], value));
        }
        return Integer.parseInt(value);
    }

    /** Where Maven put this module's classes, or their jar. */
    private static Path buildFolder() {
        try {
            var classes = Options.class.getProtectionDomain().getCodeSource().getLocation();
            return Path.of(classes.toURI()).resolveSibling("");
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e); // a class path holds valid URLs
        }
    }
}
