package dev.swiftbrush.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DownloadProgress;
import dev.swiftbrush.ModelException;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickstartTest {
    private static final String MODEL = "../../swiftbrush-runtime/src/test/resources/reference/sd2";

    @TempDir
    Path folder;

    @Test
    void writesAPictureOfTheSizeAskedFor() throws IOException {
        Path out = folder.resolve("cat.png");
        Quickstart.run(Options.parse(
                "--model",
                MODEL,
                "--recipe",
                "swiftbrush",
                "--seed",
                "42",
                "--size",
                "64x32",
                "--device",
                "cpu",
                "--out",
                out.toString(),
                "a",
                "cat"));
        BufferedImage picture = ImageIO.read(out.toFile());
        assertThat(picture.getWidth()).isEqualTo(64);
        assertThat(picture.getHeight()).isEqualTo(32);
        BufferedImage enlarged = ImageIO.read(folder.resolve("cat-enlarged.png").toFile());
        assertThat(enlarged.getWidth()).isEqualTo(512);
        assertThat(enlarged.getHeight()).isEqualTo(256);
    }

    @Test
    void drawsEmojiIfNoModelIsNamed() throws IOException {
        Path out = folder.resolve("heart.png");
        Quickstart.run(Options.parse("--device", "cpu", "--seed", "1", "--out", out.toString(), "a red heart"));

        BufferedImage picture = ImageIO.read(out.toFile());
        assertThat(picture.getWidth()).isEqualTo(64);
        Color middle = new Color(picture.getRGB(32, 32));
        assertThat(middle.getRed()).isGreaterThan(middle.getBlue() + 80).isGreaterThan(middle.getGreen() + 80);
    }

    @Test
    void joinsWordsToOnePrompt() {
        Options options = Options.parse("--model", "m", "a", "red", "--seed", "7", "heart");
        assertThat(options.prompt()).isEqualTo("a red heart");
        assertThat(options.seed()).isEqualTo(7);
        assertThat(options.size()).isNull();
    }

    @Test
    void whatIsNoFolderIsAModelOnAHub() {
        assertThatThrownBy(() -> Quickstart.run(Options.parse("--model", "not/a/folder", "a", "cat")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "A hub id must be owner/name or owner/name@revision, but was 'not/a/folder'; for a folder use model(Path)");
    }

    @Test
    void aFileIsAModelToo() throws IOException {
        Path file = Files.createFile(folder.resolve("model.gguf"));

        assertThatThrownBy(() -> Quickstart.run(Options.parse("--model", file.toString(), "a", "cat")))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s is neither a folder nor a .safetensors, .zip or .jar file; a model is one of them", file);
    }

    @Test
    void showsADownloadAsABarOnATerminal() {
        String shown = shown(true);
        assertThat(shown)
                .isEqualTo("\r[" + "#".repeat(15) + " ".repeat(15) + "]  50 %  2 of 5 MB  owner/name" + "\r["
                        + "#".repeat(30) + "] 100 %  5 of 5 MB  owner/name" + System.lineSeparator());
    }

    @Test
    void showsADownloadAsLinesElsewhere() {
        assertThat(shown(false).lines())
                .containsExactly(" 50 %  2 of 5 MB  owner/name", "100 %  5 of 5 MB  owner/name");
    }

    private static String shown(boolean terminal) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ProgressLine line = new ProgressLine(new PrintStream(bytes, true, StandardCharsets.UTF_8), terminal);
        line.onProgress(new DownloadProgress("owner/name", 2_500_000, 5_000_000, 0, 1));
        line.onProgress(new DownloadProgress("owner/name", 5_000_000, 5_000_000, 1, 1));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void saysWhichOptionIsWrong() {
        assertWrong("the prompt is missing", "--model", "m");
        assertWrong("--seed needs a value", "--model", "m", "cat", "--seed");
        assertWrong("--seed must be a whole number, but was x", "--model", "m", "cat", "--seed", "x");
        assertWrong("--size must look like 512x512, but was 512", "--model", "m", "cat", "--size", "512");
        assertWrong("--size must look like 512x512, but was 5x5x5", "--model", "m", "cat", "--size", "5x5x5");
        assertWrong("--device must be auto, cpu or cuda, but was gpu", "--model", "m", "cat", "--device", "gpu");
        assertWrong("unknown option --steps", "--model", "m", "cat", "--steps", "4");
    }

    private static void assertWrong(String message, String... args) {
        assertThatThrownBy(() -> Options.parse(args))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
