package dev.swiftbrush.runtime.process;

import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.Stats;
import dev.swiftbrush.SwiftBrush;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Opens a model, has the operating system refuse this process more memory, and draws what needs it and what does not. */
public final class ShortOfMemory {
    private static final long LEFT = 160L << 20;
    private static final GenerationRequest SMALL = GenerationRequest.of("a cat").withSeed(1);
    private static final GenerationRequest LARGE = SMALL.withSize(512, 512); // attends over 1 GB

    private ShortOfMemory() {}

    public static void main(String[] arguments) throws Exception {
        try (SwiftBrush brush = SwiftBrush.builder()
                .model(Path.of(arguments[0]))
                .recipe("swiftbrush")
                .device(Device.cpu(1))
                .cacheDirectory(Path.of(arguments[1]))
                .memoryLimitBytes(1L << 50) // the estimate would refuse it first
                .build()) {
            int before = Arrays.hashCode(brush.generate(SMALL).rgb());
            limit(Long.toString(addressSpace() + LEFT));
            for (int i = 0; i < 2; i++) {
                try {
                    brush.generate(LARGE);
                } catch (RuntimeException e) {
                    System.out.println("failure=" + e.getClass().getSimpleName() + ": " + e.getMessage());
                }
            }
            System.out.println("same=" + (Arrays.hashCode(brush.generate(SMALL).rgb()) == before));
            limit("unlimited");
            System.out.println("large=" + brush.generate(LARGE).size());
            Stats stats = brush.stats();
            System.out.println("completed=" + stats.completed());
            System.out.println("failed=" + stats.failed());
        }
    }

    private static void limit(String bytes) throws IOException, InterruptedException {
        String self = Long.toString(ProcessHandle.current().pid());
        int code = new ProcessBuilder("prlimit", "--pid", self, "--as=" + bytes + ":unlimited")
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new IllegalStateException("prlimit ended with " + code);
        }
    }

    private static long addressSpace() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmSize:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")) * 1024)
                .findFirst()
                .orElseThrow();
    }
}
