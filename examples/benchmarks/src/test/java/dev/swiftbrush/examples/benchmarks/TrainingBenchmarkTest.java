package dev.swiftbrush.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.examples.benchmarks.TrainingBenchmark.Options;
import dev.swiftbrush.examples.benchmarks.TrainingBenchmark.Side;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainingBenchmarkTest {

    @Test
    void wantsAPythonInterpreter() {
        assertThatThrownBy(Options::parse)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a Python interpreter is needed: " + TrainingBenchmark.USAGE);
        assertThatThrownBy(() -> Options.parse("--python", "python", "--speed", "9"))
                .hasMessage("--speed is unknown; there are " + TrainingBenchmark.USAGE);
    }

    @Test
    void comparesMediansOverTheRuns() throws Exception {
        Map<Side, List<JsonNode>> runs = new EnumMap<>(Side.class);
        for (Side side : Side.values()) {
            runs.put(side, List.of(run(side.ordinal() + 1, 1000), run(side.ordinal() + 3, 3000)));
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        new TrainingBenchmark(Options.parse("--python", "python", "--runs", "2", "--threads", "2"))
                .report(new PrintStream(out, true, StandardCharsets.UTF_8), runs, "0.1");

        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("| SwiftBrush | 2.00 | 1.00 | 2000 | 1.00 |")
                .contains("| PyTorch, as released | 4.00 | 2.00 | 2000 | 1.00 |")
                .contains("| student forward | 0.25 | 0.25 | 0.25 | 0.25 |")
                .contains("| gradient checkpointing | 1500 | 2000 |");
    }

    private static JsonNode run(int seconds, int megabytes) throws Exception {
        return new ObjectMapper().readTree("""
                {"median_seconds": %d, "peak_mb": %d, "estimate_mb": 1500, "median_parts": {"student_forward": 0.25}}
                """.formatted(seconds, megabytes));
    }
}
