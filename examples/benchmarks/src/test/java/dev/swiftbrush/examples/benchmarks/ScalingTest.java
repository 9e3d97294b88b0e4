package dev.swiftbrush.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScalingTest {
    @TempDir
    Path folder;

    @Test
    void printsARowForEverySizeAndBatch() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ScalingOptions options = ScalingOptions.parse(
                "--tiny",
                "--device",
                "cpu:1",
                "--sizes",
                "64,128",
                "--batches",
                "1,2",
                "--runs",
                "1",
                "--checkpoint",
                folder.resolve("checkpoint").toString());

        Scaling.run(options, new PrintStream(out, true, StandardCharsets.UTF_8));

        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).anyMatch(line -> line.startsWith("- device: cpu, FP32"));
        assertThat(lines)
                .filteredOn(
                        line -> line.matches(
                                "\\| (64x64|128x128) \\| [12] \\| \\d+\\.\\d{3} s \\| \\d+\\.\\d\\d s \\| (\\d+\\.\\d\\d GB|n/a) \\|"))
                .hasSize(4);
    }

    @Test
    void hasDefaultsForAFullSizeModel() {
        ScalingOptions options = ScalingOptions.parse();

        assertThat(options.architecture()).isEqualTo(Architecture.SD21_BASE);
        assertThat(options.device()).isEqualTo(Device.auto());
        assertThat(options.model()).isNull();
        assertThat(ScalingOptions.parse("--device", "cuda:1").device()).isEqualTo(Device.cuda(1));
        assertThat(ScalingOptions.parse("--device", "cuda").device()).isEqualTo(Device.cuda(0));
        assertThat(ScalingOptions.parse("--model", "owner/name").model()).isEqualTo("owner/name");
    }

    @ParameterizedTest
    @CsvSource({
        "--runs, 0, --runs must be a number from 1 to 16384",
        "--sizes, '64,x', --sizes must be a number from 1 to 16384",
        "--device, tpu, '--device must be cpu, cuda or auto'",
        "--what, 1, option '--what' is unknown"
    })
    void refusesWhatMakesNoSense(String option, String value, String message) {
        assertThatThrownBy(() -> ScalingOptions.parse(option, value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }
}
