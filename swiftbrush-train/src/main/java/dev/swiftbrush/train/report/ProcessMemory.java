package dev.swiftbrush.train.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The memory of this process, Java's and libtorch's together, as Linux counts it.
 *
 * @param residentBytes now; 0 where the system does not say
 * @param peakBytes the most it has been; 0 where the system does not say
 */
record ProcessMemory(long residentBytes, long peakBytes) {

    private static final Path STATUS = Path.of("/proc/self/status");

    static ProcessMemory now() {
        try {
            return parse(Files.readAllLines(STATUS));
        } catch (IOException e) {
            return new ProcessMemory(0, 0); // not Linux
        }
    }

    static ProcessMemory parse(List<String> status) {
        return new ProcessMemory(bytes(status, "VmRSS"), bytes(status, "VmHWM"));
    }

    private static long bytes(List<String> status, String key) {
        return status.stream()
                .map(Pattern.compile(key + ":\\s+(\\d{1,15}) kB")::matcher)
                .filter(Matcher::matches)
                .mapToLong(matcher -> Long.parseLong(matcher.group(1)) * 1024)
                .findFirst()
                .orElse(0);
    }
}
