package dev.swiftbrush.examples.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** What Linux tells about itself under /proc; elsewhere, nothing. */
final class Machine {
    private Machine() {}

    /** The most memory that this process had resident so far, file pages included. */
    static OptionalLong peakBytes() {
        return kilobytes("/proc/self/status", "VmHWM");
    }

    /** The memory that this process has resident now, file pages included. */
    static OptionalLong residentBytes() {
        return kilobytes("/proc/self/status", "VmRSS");
    }

    static String describe() {
        String processor = field("/proc/cpuinfo", "model name").orElse(System.getProperty("os.arch"));
        OptionalLong memory = kilobytes("/proc/meminfo", "MemTotal");
        return "%d processors (%s), %s memory, %s"
                .formatted(
                        Runtime.getRuntime().availableProcessors(),
                        processor,
                        memory.isPresent() ? String.format(Locale.ROOT, "%.1f GB", memory.getAsLong() / 1e9) : "n/a",
                        System.getProperty("os.name"));
    }

    /** Processes that wanted to run in the last minute, on average. */
    static String load() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0];
        } catch (IOException e) {
            return "n/a";
        }
    }

    private static OptionalLong kilobytes(String file, String name) {
        return field(file, name).map(value -> value.split(" ", 2)[0]).stream()
                .mapToLong(kilobytes -> Long.parseLong(kilobytes) * 1024)
                .findFirst();
    }

    private static Optional<String> field(String file, String name) {
        try {
            return Files.readAllLines(Path.of(file)).stream()
                    .filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
