package dev.swiftbrush.runtime.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Counts processor cores: two threads of one core share its arithmetic units, and are slower together than one alone. */
final class Cores {
    private Cores() {}

    /** Physical cores where Linux tells, but no more than the processors that this JVM may use. */
    static int physical() {
        int available = Runtime.getRuntime().availableProcessors();
        try {
            int physical = physical(Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8));
            return physical > 0 ? Math.min(physical, available) : available;
        } catch (IOException e) {
            return available; // not Linux
        }
    }

    /** Different pairs of processor and core; 0 where the kernel does not say. */
    static int physical(List<String> cpuinfo) {
        Set<String> cores = new HashSet<>();
        String processor = "";
        for (String line : cpuinfo) {
            if (line.startsWith("physical id")) {
                processor = line;
            } else if (line.startsWith("core id")) {
                cores.add(processor + line);
            }
        }
        return cores.size();
    }
}
