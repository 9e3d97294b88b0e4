package dev.swiftbrush.runtime.weights;

import static dev.swiftbrush.runtime.weights.SafetensorsBytes.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedWeightsTest {

    @TempDir
    Path folder;

    @Test
    void mapsExactlyTheBytesOfATensor() {
        Path file = write("{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "I16", "[1]", 2, 4) + "}", 1, 2, 3, 4);
        try (MappedWeights weights = new MappedWeights()) {
            ByteBuffer bytes = weights.map(tensor(file, "b"));

            assertThat(bytes.isDirect()).isTrue();
            assertThat(bytes.isReadOnly()).isTrue();
            assertThat(bytes.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
            assertThat(bytes.remaining()).isEqualTo(2);
            assertThat(bytes.getShort()).isEqualTo((short) 0x0403);
        }
    }

    @Test
    void readsFloatsOfEachPrecision() {
        Path file = write(
                "{" + entry("f32", "F32", "[1]", 0, 4) + "," + entry("f16", "F16", "[2]", 4, 8) + ","
                        + entry("bf16", "BF16", "[]", 8, 10) + "}",
                0,
                0,
                0x20,
                0x40,
                0,
                0x3c,
                0,
                0xb8,
                0x49,
                0x40);
        try (MappedWeights weights = new MappedWeights()) {
            assertThat(weights.floats(tensor(file, "f32"))).containsExactly(2.5f);
            assertThat(weights.floats(tensor(file, "f16"))).containsExactly(1f, -0.5f);
            assertThat(weights.floats(tensor(file, "bf16"))).containsExactly(3.140625f);
        }
    }

    @Test
    void mapsATensorWithoutElements() {
        Path file = write("{" + entry("a", "F32", "[0,4]", 0, 0) + "}");
        try (MappedWeights weights = new MappedWeights()) {
            assertThat(weights.map(tensor(file, "a")).remaining()).isZero();
            assertThat(weights.floats(tensor(file, "a"))).isEmpty();
        }
    }

    @Test
    void readsATensorInPieces() {
        int elements = 300_000;
        int[] data = new Random(1).ints(4 + elements * Float.BYTES, 0, 256).toArray();
        Path file = write(
                "{" + entry("a", "F32", "[1]", 0, 4) + ","
                        + entry("b", "F32", "[" + elements + "]", 4, data.length) + ","
                        + entry("c", "F32", "[0]", data.length, data.length) + "}",
                data);
        List<Integer> sizes = new ArrayList<>();
        List<Integer> read = new ArrayList<>();
        try (MappedWeights weights = new MappedWeights()) {
            weights.read(tensor(file, "b"), piece -> {
                assertThat(piece.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
                sizes.add(piece.remaining());
                while (piece.hasRemaining()) {
                    read.add(Byte.toUnsignedInt(piece.get()));
                }
            });
            weights.read(tensor(file, "c"), piece -> {
                throw new AssertionError("it has no bytes");
            });
        }
        assertThat(sizes).containsExactly(1 << 20, data.length - 4 - (1 << 20));
        assertThat(read.stream().mapToInt(Integer::intValue).toArray())
                .isEqualTo(Arrays.copyOfRange(data, 4, data.length));
    }

    @Test
    void keepsMappingsGoodAfterItIsClosed() {
        Path file = write("{" + entry("a", "U8", "[1]", 0, 1) + "}", 42);
        MappedWeights weights = new MappedWeights();
        ByteBuffer bytes = weights.map(tensor(file, "a"));
        weights.close();
        weights.close();

        assertThat(bytes.get(0)).isEqualTo((byte) 42);
        assertThatThrownBy(() -> weights.map(tensor(file, "a")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("weights are closed");
    }

    @Test
    void refusesATensorOf2Gibibytes() throws IOException {
        String header = "{" + entry("a", "U8", "[2147483648]", 0, 2147483648L) + "}";
        Path file = write(header);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(8 + header.length() + 2147483648L);
        }
        try (MappedWeights weights = new MappedWeights()) {
            assertThatThrownBy(() -> weights.map(tensor(file, "a")))
                    .isInstanceOf(ModelException.class)
                    .hasMessage(
                            "tensor 'a' in %s is 2147483648 bytes; one mapping holds at most 2147483647, so it must be stored as several"
                                    .formatted(file));
        }
    }

    @Test
    void refusesToReadWholeNumbersAsFloats() {
        Path file = write("{" + entry("position_ids", "I64", "[1]", 0, 8) + "}", new int[8]);
        try (MappedWeights weights = new MappedWeights()) {
            assertThatThrownBy(() -> weights.floats(tensor(file, "position_ids")))
                    .isInstanceOf(ModelException.class)
                    .hasMessage("tensor 'position_ids' in %s is I64; only F32, F16 and BF16 are read as floats"
                            .formatted(file));
        }
    }

    @Test
    void refusesAFileThatBecameShorter() throws IOException {
        Path file = write("{" + entry("a", "U8", "[4]", 0, 4) + "}", 1, 2, 3, 4);
        StoredTensor tensor = tensor(file, "a");
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(cut.length() - 1);
        }
        try (MappedWeights weights = new MappedWeights()) {
            String message =
                    "tensor 'a' in %s ends at byte %d of the file, which now holds %d; it changed since it was opened"
                            .formatted(file, tensor.offset() + 4, tensor.offset() + 3);
            assertThatThrownBy(() -> weights.map(tensor))
                    .isInstanceOf(ModelException.class)
                    .hasMessage(message);
            assertThatThrownBy(() -> weights.read(tensor, piece -> {}))
                    .isInstanceOf(ModelException.class)
                    .hasMessage(message);
        }
    }

    @Test
    void refusesAFileThatWentAway() throws IOException {
        Path file = write("{" + entry("a", "U8", "[1]", 0, 1) + "}", 1);
        StoredTensor tensor = tensor(file, "a");
        Files.delete(file);
        try (MappedWeights weights = new MappedWeights()) {
            assertThatThrownBy(() -> weights.map(tensor))
                    .isInstanceOf(ModelException.class)
                    .hasMessage(file + " cannot be read: NoSuchFileException");
        }
    }

    @Test
    void readsOnAfterAnInterruptedThreadClosedTheFile() {
        Path file = write("{" + entry("a", "U8", "[1]", 0, 1) + "}", 42);
        StoredTensor tensor = tensor(file, "a");
        try (MappedWeights weights = new MappedWeights()) {
            Thread.currentThread().interrupt();
            try {
                assertThatThrownBy(() -> weights.map(tensor))
                        .isInstanceOf(ModelException.class)
                        .hasMessage(file + " cannot be read: ClosedByInterruptException");
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
            assertThat(weights.map(tensor).get(0)).isEqualTo((byte) 42);
        }
    }

    @Test
    void storedTensorsGiveTheirSizes() {
        StoredTensor tensor = new StoredTensor("a", DType.F16, List.of(2L, 3L), Path.of("a"), 8, 12);

        assertThat(tensor.elements()).isEqualTo(6);
        assertThat(tensor.sizes()).containsExactly(2, 3);
    }

    @Test
    void storedTensorsMustFitTheirBytes() {
        assertThatThrownBy(() -> new StoredTensor("a", DType.F16, List.of(2L, 3L), Path.of("a"), 8, 13))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 'a' is F16 [2, 3], 12 bytes, but byteLength was 13");
        assertThatThrownBy(() -> new StoredTensor("a", DType.F16, List.of(), Path.of("a"), -1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("offset of tensor 'a' must not be negative, but was -1");
        assertThatThrownBy(() -> new StoredTensor("a", DType.F16, List.of(-1L), Path.of("a"), 8, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "tensor 'a' has the shape [-1]; sizes must not be negative and their bytes must stay below 2^63");
    }

    private Path write(String header, int... data) {
        return SafetensorsBytes.write(folder.resolve("a.safetensors"), header, data);
    }

    private static StoredTensor tensor(Path file, String name) {
        return Safetensors.open(file).tensors().get(name);
    }
}
