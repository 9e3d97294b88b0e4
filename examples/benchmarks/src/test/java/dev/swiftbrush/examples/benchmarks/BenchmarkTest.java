package dev.swiftbrush.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarkTest {

    @TempDir
    Path folder;

    @Test
    void printsEveryFigureOfATinyModel() throws Exception {
        Path checkpoint = folder.resolve("checkpoint");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Options options = Options.parse("--tiny", "--runs", "1", "--checkpoint", checkpoint.toString());
        boolean kept = Benchmark.run(
                options,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(PrintStream.nullOutputStream()));
        String report = out.toString(StandardCharsets.UTF_8);

        String time = "\\d+\\.\\d+ m?s";
        String memory = "(\\d+\\.\\d\\d GB|n/a)";
        String ratio = "(\\d+\\.\\d\\d|n/a)";
        List<String> lines = report.lines().toList();
        assertLine(
                lines,
                "### a tiny model that shows only that the benchmark runs, random weights, 64x64, fp32 on the CPU");
        assertLine(lines, "- machine: \\d+ processors .*");
        assertLine(lines, "- JDK .*, ONNX Runtime \\d+\\..*, SwiftBrush \\d+\\..*, \\d+ threads");
        assertLine(lines, "- checkpoint: [0-9,]+ parameters in the UNet, .*, written in .* s");
        assertLine(lines, "\\| export of the graphs alone \\| " + time + " \\| \\| \\|");
        assertLine(lines, "\\| first start, cold cache: .* \\| " + time + " \\| \\| \\|");
        assertLine(lines, row("later start: load", time, time, ratio));
        assertLine(lines, "\\| graphs written at the first start / at later ones \\| 2 / 0 \\| \\| \\|");
        assertLine(lines, row("peak memory after the start", memory, memory, ratio));
        assertLine(lines, row("peak memory after start, first and steady image", memory, memory, ratio));
        for (String stage : List.of(
                "tokens",
                "text encoder",
                "noise",
                "UNet to pixels",
                "of it the UNet \\(own graph\\)",
                "of it the decoder \\(own graph\\)",
                "\\*\\*in all\\*\\*")) {
            assertLine(lines, row(stage, time, time, time, time, ratio));
        }
        String timeOrNone = "(" + time + "|n/a)";
        assertLine(lines, ways("first start, calibration included", timeOrNone));
        assertLine(lines, ways("later start: load", time));
        assertLine(lines, ways("peak memory of a later start and its images", memory));
        assertLine(lines, ways("one image, first", time));
        assertLine(lines, ways("one image, steady", time));
        assertLine(lines, ways("plain way's time / this one's", ratio));
        assertLine(lines, ways("PSNR against single precision with the same decoder", "(\\d+\\.\\d dB)?"));
        assertLine(lines, "Low memory's picture differs from that of SwiftBrush by \\d levels at most, .*");
        String rate = "\\d+ \\(\\d+%\\)";
        assertLine(lines, row("text encoder", "\\d+\\.\\d", rate, rate, rate));
        assertLine(lines, row("UNet", "\\d+\\.\\d", rate, rate, ""));
        assertLine(lines, row("decoder", "\\d+\\.\\d", rate, rate, ""));
        assertLine(lines, row("UNet to pixels", "\\d+\\.\\d", rate, rate, rate));
        assertLine(lines, "The machine does \\d+ GFLOP/s in a large MatMul and \\d+ in a 3x3 convolution, .*");
        assertLine(lines, "- peak memory of SwiftBrush, .*: " + memory + ", limit 8.00 GB: PASS");
        assertLine(lines, "- later starts export nothing: PASS");
        assertLine(lines, "- picture: standard deviation .* levels \\(over 20\\), .* clipped \\(under 5%\\): PASS");
        assertLine(lines, "- largest difference between the two ways: [01] levels \\(at most 1\\): PASS");
        assertThat(kept).isTrue();
        assertThat(checkpoint)
                .as("what the run wrote is removed without --keep")
                .doesNotExist();
    }

    @Test
    void writesTheSameCheckpointAgainAndAgain() throws IOException {
        RandomCheckpoint one = new RandomCheckpoint(Architecture.TINY, folder.resolve("one"));
        RandomCheckpoint two = new RandomCheckpoint(Architecture.TINY, folder.resolve("two"));
        one.write();
        two.write();
        for (String file : Architecture.TINY.weights().keySet()) {
            assertThat(folder.resolve("one").resolve(file))
                    .hasSameBinaryContentAs(folder.resolve("two").resolve(file));
        }
    }

    @Test
    void opensTheCheckpointThatItWrote() throws IOException {
        new RandomCheckpoint(Architecture.TINY, folder.resolve("tiny")).write();
        Checkpoint checkpoint = Checkpoint.open(folder.resolve("tiny"), false);
        assertThat(checkpoint.unetWeights().tensors())
                .hasSameSizeAs(checkpoint.unet().weights());
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder.resolve("tiny/tokenizer"), 77)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(Architecture.TINY.vocabulary());
            assertThat(tokenizer.tokenize("é!").ids()).startsWith(1022).contains(1023, 0);
        }
    }

    @Test
    void takesACompleteCheckpointAsItIsAndWritesADamagedOneAgain() throws IOException {
        Path target = folder.resolve("tiny");
        RandomCheckpoint checkpoint = new RandomCheckpoint(Architecture.TINY, target);
        assertThat(checkpoint.isComplete()).isFalse();
        checkpoint.write();
        assertThat(checkpoint.isComplete()).isTrue();

        Path weights = target.resolve("vae/diffusion_pytorch_model.safetensors");
        Files.write(weights, new byte[100]);
        assertThat(checkpoint.isComplete()).isFalse();
        checkpoint.write();
        assertThat(checkpoint.isComplete()).isTrue();

        Files.writeString(target.resolve("unet/config.json"), "{}");
        assertThat(checkpoint.isComplete()).isFalse();
        assertThat(new RandomCheckpoint(Architecture.SD21_BASE, target).isComplete())
                .isFalse();
    }

    @Test
    void leavesAFolderAloneThatItDidNotMake() throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "mine");
        assertThatThrownBy(() -> new RandomCheckpoint(Architecture.TINY, folder).write())
                .isInstanceOf(IOException.class)
                .hasMessage(
                        folder
                                + " holds something else than a checkpoint of this benchmark; name an empty folder with --checkpoint");
        assertThat(folder.resolve("mine.txt")).hasContent("mine");
    }

    @Test
    void refusesADiskWithoutEnoughRoom() {
        long needed = Long.MAX_VALUE;
        assertThatThrownBy(() -> RandomCheckpoint.requireRoom(folder, needed))
                .isInstanceOf(IOException.class)
                .hasMessageMatching("the checkpoint needs 9223372036[.]9 GB of disk, but .* has [0-9.]+ GB free; "
                        + "name another folder with --checkpoint");
    }

    @Test
    void describesStableDiffusion21Base() {
        assertThat(Architecture.SD21_BASE.unetParameters()).isEqualTo(865_910_724);
        assertThat(Architecture.SD21_BASE.weightBytes()).isEqualTo(4 * (865_910_724L + 83_653_863 + 340_387_840));
        assertThat(Architecture.SD21_BASE.vocabulary()).isEqualTo(49_408);
        Options options = Options.parse();
        assertThat(options.architecture()).isEqualTo(Architecture.SD21_BASE);
        assertThat(options.runs()).isEqualTo(3);
        assertThat(options.checkpoint()).endsWithRaw(Path.of("target/sd21-base-random"));
    }

    @Test
    void saysWhichOptionIsWrong() {
        String usage = Options.USAGE;
        assertWrong("option '--steps' is unknown; there are " + usage, "--steps", "4");
        assertWrong("--runs needs a value; options are " + usage, "--runs");
        assertWrong("--size must be a number from 1 to 999999, but was '0'", "--size", "0");
    }

    private static void assertWrong(String message, String... arguments) {
        assertThatThrownBy(() -> Options.parse(arguments))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static String ways(String title, String cell) {
        return row(title, Collections.nCopies(6, cell).toArray(String[]::new));
    }

    private static String row(String title, String... cells) {
        return "\\| " + title + " \\| " + String.join(" \\| ", cells) + " \\|";
    }

    private static void assertLine(List<String> lines, String pattern) {
        assertThat(lines).anyMatch(line -> line.matches(pattern), pattern);
    }
}
