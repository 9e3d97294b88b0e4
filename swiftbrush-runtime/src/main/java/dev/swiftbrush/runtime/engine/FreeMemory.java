package dev.swiftbrush.runtime.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The memory that this process can still get, as far as Linux says: the machine's and its container's. */
final class FreeMemory {
    private FreeMemory() {}

    private static final Path CGROUP = Path.of("/sys/fs/cgroup");

    /** Bytes; empty where the system does not say. */
    static OptionalLong bytes() {
        OptionalLong machine = available(lines(Path.of("/proc/meminfo")));
        OptionalLong container = left(
                lines(CGROUP.resolve("memory.max")),
                lines(CGROUP.resolve("memory.current")),
                lines(CGROUP.resolve("memory.stat")));
        if (machine.isPresent() && container.isPresent()) {
            return OptionalLong.of(Math.min(machine.getAsLong(), container.getAsLong()));
        }
        return machine.isPresent() ? machine : container;
    }

    /** What can be had without swapping: free memory, and caches that can be dropped. */
    static OptionalLong available(List<String> meminfo) {
        return value(meminfo, "MemAvailable: +(\\d{1,15}) kB", 1024);
    }

    /** What a control group (version 2) may still take: up to its limit, and the files in its cache, which can be dropped. */
    static OptionalLong left(List<String> max, List<String> current, List<String> stat) {
        OptionalLong limit = value(max, "(\\d{1,18})", 1);
        OptionalLong taken = value(current, "(\\d{1,18})", 1);
        if (limit.isEmpty() || taken.isEmpty()) {
            return OptionalLong.empty();
        }
        long cached = value(stat, "inactive_file (\\d{1,18})", 1).orElse(0)
                + value(stat, "active_file (\\d{1,18})", 1).orElse(0);
        return OptionalLong.of(Math.max(0, limit.getAsLong() - taken.getAsLong() + cached));
    }

    private static OptionalLong value(List<String> lines, String pattern, long unit) {
        return lines.stream()
                .map(Pattern.compile(pattern)::matcher)
                .filter(Matcher::matches)
                .mapToLong(matcher -> Long.parseLong(matcher.group(1)) * unit)
                .findFirst();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
