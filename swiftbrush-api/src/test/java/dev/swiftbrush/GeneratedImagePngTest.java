package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratedImagePngTest {

    @TempDir
    Path folder;

    private List<Path> files() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        }
    }

    @Test
    void carriesWhatTheImageWasMadeFrom() {
        Provenance provenance =
                new Provenance("a red fox", -1, "tiny", "sd-turbo", "TORCH_CUDA", "openrail++", "abcdef");
        GeneratedImage image =
                GeneratedImage.of(new ImageSize(1, 1), new byte[3], provenance, TestImages.TIMINGS, null);

        PngChunks chunks = PngChunks.of(image.toPngBytes());

        assertThat(chunks.types())
                .containsExactly(
                        "IHDR", "iTXt", "iTXt", "iTXt", "iTXt", "iTXt", "iTXt", "iTXt", "iTXt", "IDAT", "IEND");
        assertThat(chunks.texts())
                .containsEntry("prompt", "a red fox")
                .containsEntry("seed", "18446744073709551615")
                .containsEntry("model", "tiny")
                .containsEntry("recipe", "sd-turbo")
                .containsEntry("noise", "TORCH_CUDA")
                .containsEntry("licence", "openrail++")
                .containsEntry("fingerprint", "abcdef")
                .containsEntry("Software", "SwiftBrush for Java " + SdkVersion.current())
                .hasSize(8);
    }

    @Test
    void leavesThePromptOutWhenAsked() {
        GeneratedImage image = TestImages.prompted("a secret").withoutPromptInPng();

        assertThat(image.prompt()).isEqualTo("a secret");
        assertThat(PngChunks.of(image.toPngBytes()).texts())
                .doesNotContainKey("prompt")
                .hasSize(7);
    }

    @Test
    void holdsThePixelsAsTheyAre() throws Exception {
        GeneratedImage image = TestImages.coloured(17, 9);

        BufferedImage read = ImageIO.read(new ByteArrayInputStream(image.toPngBytes()));

        byte[] rgb = (byte[]) read.getRaster().getDataElements(0, 0, 17, 9, null);
        assertThat(rgb).isEqualTo(image.rgb());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " a  b ", "🦊, ❄️, 日本語, عربى", "two\nlines\r\nand a\ttab", "\u0001\u001f\u007f\u0085"})
    void carriesAnyUnicodePrompt(String prompt) {
        assertThat(PngChunks.of(TestImages.prompted(prompt).toPngBytes()).texts())
                .containsEntry("prompt", prompt);
    }

    @Test
    void carriesThePromptOfTheGreatestLength() {
        String prompt = "日".repeat(100_000);

        assertThat(PngChunks.of(TestImages.prompted(prompt).toPngBytes()).texts())
                .containsEntry("prompt", prompt);
    }

    static Stream<Arguments> promptsThatATextChunkCannotHold() {
        return Stream.of(
                Arguments.of("a\0b", "a\uFFFDb"),
                Arguments.of("\uD83E", "\uFFFD"),
                Arguments.of("a\uDD8Ab", "a\uFFFDb"),
                Arguments.of("\uDD8A\uD83E", "\uFFFD\uFFFD"));
    }

    @ParameterizedTest
    @MethodSource("promptsThatATextChunkCannotHold")
    void replacesWhatATextChunkCannotHold(String prompt, String written) {
        assertThat(PngChunks.of(TestImages.prompted(prompt).toPngBytes()).texts())
                .containsEntry("prompt", written);
    }

    @Test
    void theFileHoldsTheSameBytes() throws Exception {
        GeneratedImage image = TestImages.coloured(17, 9);
        Path file = folder.resolve("fox.png");

        image.writePng(file);

        assertThat(file).hasBinaryContent(image.toPngBytes());
        assertThat(files()).containsExactly(file);
    }

    @Test
    void replacesAFileThatIsThere() throws Exception {
        Path file = Files.writeString(folder.resolve("fox.png"), "old");

        TestImages.coloured(2, 2).writePng(file);

        assertThat(PngChunks.of(file).types()).startsWith("IHDR");
        assertThat(files()).containsExactly(file);
    }

    @Test
    void theFileHasTheRightsOfAnyNewFile() throws Exception {
        assumeThat(Files.getFileStore(folder).supportsFileAttributeView("posix"))
                .isTrue();
        Path any = Files.writeString(folder.resolve("any"), "");
        Path file = folder.resolve("fox.png");

        TestImages.coloured(2, 2).writePng(file);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo(PosixFilePermissions.toString(Files.getPosixFilePermissions(any)));
    }

    @Test
    void refusesAFolderThatIsNotThere() throws Exception {
        Path file = folder.resolve("absent/fox.png");

        assertThatThrownBy(() -> TestImages.coloured(2, 2).writePng(file))
                .isExactlyInstanceOf(SwiftBrushException.class)
                .hasMessage("Cannot write " + file + ": there is no folder " + folder.resolve("absent")
                        + "; create it first");
        assertThat(files()).isEmpty();
    }

    @Test
    void refusesToReplaceAFolder() {
        assertThatThrownBy(() -> TestImages.coloured(2, 2).writePng(folder))
                .isExactlyInstanceOf(SwiftBrushException.class)
                .hasMessage("Cannot write " + folder + ": it is a folder; name a file in it");
        Path root = folder.getRoot();
        assertThatThrownBy(() -> TestImages.coloured(2, 2).writePng(root))
                .isExactlyInstanceOf(SwiftBrushException.class)
                .hasMessage("Cannot write " + root + ": it is a folder; name a file in it");
    }

    @Test
    void refusesAnAbsentFile() {
        assertThatThrownBy(() -> TestImages.coloured(2, 2).writePng(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("file must not be null");
    }

    @Test
    void leavesTheOldFileAndNothingElseWhenWritingFails() throws Exception {
        Path file = Files.writeString(folder.resolve("fox.png"), "old");
        IOException full = new IOException("No space left on device");

        assertThatThrownBy(() -> AtomicFile.write(file, out -> {
                    out.write(1);
                    throw full;
                }))
                .isExactlyInstanceOf(SwiftBrushException.class)
                .hasMessage("Cannot write " + file + ": java.io.IOException: No space left on device")
                .hasCause(full);
        assertThat(file).hasContent("old");
        assertThat(files()).containsExactly(file);
    }
}
