package dev.swiftbrush.runtime.weights;

import static dev.swiftbrush.runtime.weights.SafetensorsBytes.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {

    @TempDir
    Path folder;

    @Test
    void readsEveryTensorInTheOrderOfTheData() {
        Path file = write(
                "{" + entry("b", "F16", "[2,2]", 4, 12) + "," + entry("a", "F32", "[1]", 0, 4) + "}", new int[12]);
        long data = file.toFile().length() - 12;

        Safetensors opened = Safetensors.open(file);

        assertThat(opened.tensors().values())
                .containsExactly(
                        new StoredTensor("a", DType.F32, List.of(1L), file, data, 4),
                        new StoredTensor("b", DType.F16, List.of(2L, 2L), file, data + 4, 8));
        assertThat(opened.tensors()).containsOnlyKeys("a", "b");
        assertThat(opened.metadata()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"F64,8", "F32,4", "F16,2", "BF16,2", "I64,8", "I32,4", "I16,2", "I8,1", "U8,1", "BOOL,1"})
    void readsTheType(String dtype, int bytes) {
        Path file = write("{" + entry("a", dtype, "[3]", 0, 3L * bytes) + "}", new int[3 * bytes]);

        StoredTensor tensor = Safetensors.open(file).tensors().get("a");

        assertThat(tensor.dtype()).hasToString(dtype);
        assertThat(tensor.dtype().bytes()).isEqualTo(bytes);
        assertThat(tensor.elements()).isEqualTo(3);
    }

    @Test
    void readsMetadata() {
        Path file = write("{\"__metadata__\":{\"format\":\"pt\",\"\":\"\"}}");

        assertThat(Safetensors.open(file).metadata()).isEqualTo(Map.of("format", "pt", "", ""));
        assertThat(Safetensors.open(file).tensors()).isEmpty();
    }

    @Test
    void readsScalarsAndTensorsWithoutElements() {
        Path file = write(
                "{" + entry("none", "F32", "[0,4]", 4, 4) + "," + entry("one", "F32", "[]", 0, 4) + ","
                        + entry("first", "I64", "[2,0]", 0, 0) + "}",
                0,
                0,
                128,
                63);

        Map<String, StoredTensor> tensors = Safetensors.open(file).tensors();

        assertThat(tensors.keySet()).containsExactly("first", "one", "none");
        assertThat(tensors.get("one").elements()).isOne();
        assertThat(tensors.get("none").elements()).isZero();
    }

    /** Stricter than the reference reader 0.8.0, whose writer never makes such a file. */
    @Test
    void refusesATensorThatDoesNotBeginAtAMultipleOfItsElementSize() throws IOException {
        Path file = write(
                "{" + entry("byte", "U8", "[1]", 0, 1) + "," + entry("float", "F32", "[1]", 1, 5) + "}",
                9,
                0,
                0,
                128,
                63);

        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "tensor 'float' in %s is F32 and begins at byte 1 of the data, which is not a multiple of 4; write tensors of larger types first",
                        file);
    }

    @Test
    void acceptsAHeaderPaddedWithSpaces() {
        Path file = write("{" + entry("a", "U8", "[1]", 0, 1) + "}" + " ".repeat(20_000), 7);

        assertThat(Safetensors.open(file).tensors()).containsOnlyKeys("a");
    }

    @Test
    void readsNamesBeyondAscii() {
        Path file = write(
                "{" + entry("gewöhnlich.\\uD83D\\uDE00.\\\"", "U8", "[1]", 0, 1) + ","
                        + entry("绘画🖌", "U8", "[1]", 1, 2) + "}",
                7,
                8);

        assertThat(Safetensors.open(file).tensors()).containsOnlyKeys("gewöhnlich.😀.\"", "绘画🖌");
    }

    @Test
    void readsThroughASymbolicLink() throws IOException {
        Path blob = write("{" + entry("a", "U8", "[1]", 0, 1) + "}", 7);
        Path link = Files.createSymbolicLink(folder.resolve("link.safetensors"), blob.getFileName());

        assertThat(Safetensors.open(link).tensors().get("a").file()).isEqualTo(link);
    }

    @Test
    void readsAHeaderOfManyTensors() {
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < 20_000; i++) {
            header.append(i == 0 ? "" : ",").append(entry("block." + i + ".weight", "U8", "[1]", i, i + 1));
        }

        assertThat(Safetensors.open(write(header + "}", new int[20_000])).tensors())
                .hasSize(20_000);
    }

    @Test
    void givesMapsThatCannotBeChanged() {
        Safetensors opened = Safetensors.open(write("{" + entry("a", "U8", "[1]", 0, 1) + "}", 7));

        assertThatThrownBy(() -> opened.tensors().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> opened.metadata().put("a", "b")).isInstanceOf(UnsupportedOperationException.class);
    }

    private Path write(String header, int... data) {
        return SafetensorsBytes.write(folder.resolve("a.safetensors"), header, data);
    }
}
