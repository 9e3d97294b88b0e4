package dev.swiftbrush.runtime.session;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The kind of this machine's processors, by which ONNX Runtime chooses kernels and how their weights are laid out. */
final class Processor {
    private static final Path INFO = Path.of("/proc/cpuinfo");
    private static final Set<String> TELLING =
            Set.of("vendor_id", "cpu family", "model", "flags", "CPU implementer", "CPU part", "Features");

    private Processor() {}

    /** Tells kinds of processors apart; empty where there is nothing to tell them by. */
    static Optional<String> kind() {
        return kind(INFO, System::getenv);
    }

    /** @param info what Linux says of each processor, one after the other */
    static Optional<String> kind(Path info, UnaryOperator<@Nullable String> environment) {
        StringJoiner kind = new StringJoiner("\n").setEmptyValue("");
        try (BufferedReader lines = Files.newBufferedReader(info)) {
            String line = lines.readLine();
            while (line != null && !line.isBlank()) {
                if (TELLING.contains(line.split(":", 2)[0].strip())) {
                    kind.add(line);
                }
                line = lines.readLine();
            }
        } catch (IOException e) {
            return Optional.ofNullable(environment.apply("PROCESSOR_IDENTIFIER")); // of Windows
        }
        return Optional.of(kind.toString()).filter(text -> !text.isEmpty());
    }
}
