package dev.swiftbrush.examples.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** What NVIDIA's own tool says of the first GPU; nothing where it is not installed. */
final class Gpu {
    private static final int SECONDS = 10;

    private Gpu() {}

    /** Name and driver. */
    static Optional<String> describe() {
        return query("name,driver_version");
    }

    /** Memory that all programs use of it. */
    static OptionalLong usedBytes() {
        return query("memory.used")
                .filter(text -> text.matches("[0-9]{1,9}"))
                .map(text -> OptionalLong.of(Long.parseLong(text) << 20))
                .orElse(OptionalLong.empty());
    }

    private static Optional<String> query(String what) {
        try {
            Process process = new ProcessBuilder(
                            "nvidia-smi", "--query-gpu=" + what, "--format=csv,noheader,nounits", "--id=0")
                    .redirectErrorStream(true)
                    .start();
            String text = new String(process.getInputStream().readNBytes(1000), StandardCharsets.UTF_8).strip();
            return process.waitFor(SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0
                    ? Optional.of(text)
                    : Optional.empty();
        } catch (IOException e) { // not installed
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
