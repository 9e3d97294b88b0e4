package dev.swiftbrush.runtime.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** The memory that this process can still get, as far as Linux says: the machine's and its container's. */
final class FreeMemory {
    private FreeMemory() {}

    /** Bytes; empty where the system does not say. */
    static OptionalLong bytes() {
        OptionalLong machine = available(lines(Path.of("/proc/meminfo")));
        OptionalLong container =
                left(lines(Path.of("/sys/fs/cgroup/memory.max")), lines(Path.of("/sys/fs/cgroup/memory.current")));
        if (machine.isPresent() && container.isPresent()) {
            return OptionalLong.of(Math.min(machine.getAsLong(), container.getAsLong()));
        }
        return machine.isPresent() ? machine : container;
    }

    /** What can be had without swapping: free memory, and caches that can be dropped. */
    static OptionalLong available(List<String> meminfo) {
        return meminfo.stream()
                .filter(line -> line.matches("MemAvailable: +\\d{1,15} kB"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst();
    }

    /** What a control group may still take; files in its cache count as taken. */
    static OptionalLong left(List<String> max, List<String> current) {
        if (max.size() == 1
                && current.size() == 1
                && max.get(0).matches("\\d{1,18}")
                && current.get(0).matches("\\d{1,18}")) {
            return OptionalLong.of(Math.max(0, Long.parseLong(max.get(0)) - Long.parseLong(current.get(0))));
        }
        return OptionalLong.empty();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
