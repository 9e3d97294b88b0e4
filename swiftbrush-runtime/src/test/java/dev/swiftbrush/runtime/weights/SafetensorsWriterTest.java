package dev.swiftbrush.runtime.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {

    /** What {@code safetensors.torch.save} 0.8.0 wrote for the tensors of {@link #REFERENCE}, and its data. */
    private static final String REFERENCE_HEADER = "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"position_ids\":{\"dtype\":\"I64\",\"shape\":[1,2],\"data_offsets\":[0,16]},"
            + "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[16,24]},"
            + "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[24,24]},"
            + "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,28]},"
            + "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[28,52]},"
            + "\"i32\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[52,56]},"
            + "\"bf\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[56,60]},"
            + "\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[60,64]},"
            + "\"i16\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[64,66]},"
            + "\"i8\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[66,67]},"
            + "\"u8\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[67,68]},"
            + "\"b.bool\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[68,71]}}";

    private static final Map<Declaration, String> REFERENCE = Map.ofEntries(
            Map.entry(new Declaration("b.bool", DType.BOOL, List.of(3L)), "010001"),
            Map.entry(new Declaration("h", DType.F16, List.of(2L)), "003c00b8"),
            Map.entry(
                    new Declaration("w", DType.F32, List.of(2L, 3L)),
                    "0000c03f000000c000005040" + "000000006f12833a00e07f47"),
            Map.entry(new Declaration("bf", DType.BF16, List.of(2L)), "803f4940"),
            Map.entry(new Declaration("position_ids", DType.I64, List.of(1L, 2L)), "00000000000000000100000000000000"),
            Map.entry(new Declaration("scalar", DType.F32, List.of()), "88853a3e"),
            Map.entry(new Declaration("i32", DType.I32, List.of(1L)), "f9ffffff"),
            Map.entry(new Declaration("empty", DType.F32, List.of(0L, 4L)), ""),
            Map.entry(new Declaration("i16", DType.I16, List.of(1L)), "fdff"),
            Map.entry(new Declaration("i8", DType.I8, List.of(1L)), "fc"),
            Map.entry(new Declaration("u8", DType.U8, List.of(1L)), "c8"),
            Map.entry(new Declaration("d", DType.F64, List.of(1L)), "9a9999999999b93f"));

    private static final String REFERENCE_DATA =
            "000000000000000001000000000000009a9999999999b93f88853a3e0000c03f000000c0" + "000050400000"
                    + "00006f12833a00e07f47f9ffffff803f4940003c00b8fdfffcc8010001";

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("w.safetensors");
    }

    @Test
    void writesWhatTheReferenceWrites() throws IOException {
        List<Declaration> declarations = new ArrayList<>(REFERENCE.keySet());
        Collections.shuffle(declarations, new Random(1));

        try (SafetensorsWriter writer = SafetensorsWriter.create(file, declarations, Map.of("format", "pt"))) {
            REFERENCE.forEach((tensor, hex) -> writer.write(tensor.name(), bytes(hex)));
        }

        assertThat(REFERENCE_HEADER).hasSize(728); // a multiple of 8 without padding
        assertThat(Files.readAllBytes(file))
                .isEqualTo(HexFormat.of().parseHex("d802000000000000" + hex(REFERENCE_HEADER) + REFERENCE_DATA));
    }

    @Test
    void readsWhatTheReferenceWrites() throws IOException {
        Files.write(file, HexFormat.of().parseHex("d802000000000000" + hex(REFERENCE_HEADER) + REFERENCE_DATA));

        Safetensors opened = Safetensors.open(file);

        assertThat(opened.metadata()).isEqualTo(Map.of("format", "pt"));
        assertThat(opened.tensors()).hasSameSizeAs(REFERENCE.keySet());
        try (MappedWeights weights = new MappedWeights()) {
            REFERENCE.forEach((tensor, hex) -> {
                StoredTensor stored = opened.tensors().get(tensor.name());
                assertThat(stored.dtype()).isEqualTo(tensor.dtype());
                assertThat(stored.shape()).isEqualTo(tensor.shape());
                assertThat(weights.map(stored)).isEqualTo(bytes(hex));
            });
            assertThat(weights.floats(opened.tensors().get("w"))).containsExactly(1.5f, -2f, 3.25f, 0f, 1e-3f, 65504f);
        }
    }

    /** The order of names is by UTF-8 bytes, where U+FFEE comes before an emoji; in UTF-16 it comes after. */
    @Test
    void padsAndOrdersNamesBeyondAsciiAsTheReferenceDoes() throws IOException {
        List<Declaration> declarations = Stream.of("😀", "\uffee", "é\"\\\n", "A")
                .map(name -> new Declaration(name, DType.U8, List.of(0L)))
                .toList();

        SafetensorsWriter.create(file, declarations, Map.of()).close();

        String empty = ":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
        String header =
                "{\"A\"" + empty + ",\"é\\\"\\\\\\n\"" + empty + ",\"\uffee\"" + empty + ",\"😀\"" + empty + "}";
        byte[] written = Files.readAllBytes(file);
        assertThat(written.length % 8).isZero();
        assertThat(new String(written, 8, written.length - 8, StandardCharsets.UTF_8).stripTrailing())
                .isEqualTo(header);
        assertThat(Safetensors.open(file).tensors().keySet()).containsExactlyInAnyOrder("A", "é\"\\\n", "\uffee", "😀");
    }

    @Test
    void takesTensorsInAnyOrderAndInChunks() {
        List<Declaration> declarations =
                List.of(new Declaration("a", DType.U8, List.of(4L)), new Declaration("b", DType.F32, List.of(1L)));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, declarations, Map.of())) {
            writer.write("a", bytes("0102"), bytes(""), bytes("03"));
            writer.write("b", bytes("0000803f"));
            writer.write("a", bytes("04"));
        }
        try (MappedWeights weights = new MappedWeights()) {
            Map<String, StoredTensor> tensors = Safetensors.open(file).tensors();
            assertThat(tensors.keySet()).containsExactly("b", "a");
            assertThat(weights.map(tensors.get("a"))).isEqualTo(bytes("01020304"));
            assertThat(weights.floats(tensors.get("b"))).containsExactly(1f);
        }
    }

    @Test
    void convertsWhileItWrites() {
        List<Declaration> declarations = List.of(
                new Declaration("wide", DType.F32, List.of(2L)), new Declaration("half", DType.F16, List.of(1L)));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, declarations, Map.of())) {
            writer.writeConverted("wide", bytes("003c"), DType.F16);
            writer.writeConverted("wide", bytes("4940"), DType.BF16);
            writer.writeConverted("half", bytes("00e07f47"), DType.F32);
        }
        try (MappedWeights weights = new MappedWeights()) {
            Map<String, StoredTensor> tensors = Safetensors.open(file).tensors();
            assertThat(weights.floats(tensors.get("wide"))).containsExactly(1f, 3.140625f);
            assertThat(weights.floats(tensors.get("half"))).containsExactly(65504f);
        }
    }

    @Test
    void roundTripsARandomCheckpoint() {
        Random random = new Random(5);
        Map<Declaration, byte[]> checkpoint = new LinkedHashMap<>();
        for (int i = 0; i < 200; i++) {
            DType dtype = DType.values()[random.nextInt(DType.values().length)];
            List<Long> shape = random.longs(random.nextInt(5), 0, 6).boxed().toList();
            Declaration tensor = new Declaration("layers." + i + ".weight", dtype, shape);
            byte[] data = new byte[(int) tensor.byteLength()];
            random.nextBytes(data);
            checkpoint.put(tensor, data);
        }

        try (SafetensorsWriter writer =
                SafetensorsWriter.create(file, List.copyOf(checkpoint.keySet()), Map.of("k", "v"))) {
            checkpoint.forEach((tensor, data) -> writer.write(tensor.name(), ByteBuffer.wrap(data)));
        }

        Map<String, StoredTensor> read = Safetensors.open(file).tensors();
        assertThat(read).hasSize(200);
        try (MappedWeights weights = new MappedWeights()) {
            checkpoint.forEach((tensor, data) -> {
                StoredTensor stored = read.get(tensor.name());
                assertThat(stored.dtype()).isEqualTo(tensor.dtype());
                assertThat(stored.shape()).isEqualTo(tensor.shape());
                assertThat(weights.map(stored)).isEqualTo(ByteBuffer.wrap(data));
                assertThat((stored.offset()) % stored.dtype().bytes()).isZero();
            });
        }
    }

    @Test
    void givesTheSameBytesForTheSameTensorsDeclaredInAnotherOrder() throws IOException {
        Declaration a = new Declaration("a", DType.U8, List.of(1L));
        Declaration b = new Declaration("b", DType.U8, List.of(1L));
        Path other = folder.resolve("other.safetensors");
        try (SafetensorsWriter first = SafetensorsWriter.create(file, List.of(a, b), Map.of("x", "1", "y", "2"));
                SafetensorsWriter second = SafetensorsWriter.create(other, List.of(b, a), Map.of("y", "2", "x", "1"))) {
            for (SafetensorsWriter writer : List.of(first, second)) {
                writer.write("a", bytes("01"));
                writer.write("b", bytes("02"));
            }
        }

        assertThat(file).hasSameBinaryContentAs(other);
    }

    @Test
    void showsNoFileBeforeItIsClosedAndNoOtherAfterwards() {
        SafetensorsWriter writer = create(new Declaration("a", DType.U8, List.of(1L)));
        writer.write("a", bytes("01"));
        assertThat(file).doesNotExist();

        writer.close();
        writer.close();

        assertThat(folder).isDirectoryContaining(path -> path.equals(file));
        assertThat(folder.toFile().list()).hasSize(1);
    }

    @Test
    void replacesAFileThatWasThere() throws IOException {
        Files.writeString(file, "old");

        create().close();

        assertThat(Safetensors.open(file).tensors()).isEmpty();
    }

    @Test
    void leavesNothingBehindWhenATensorIsIncomplete() throws IOException {
        Files.writeString(file, "old");
        SafetensorsWriter writer =
                create(new Declaration("a", DType.F32, List.of(1L)), new Declaration("b", DType.U8, List.of(2L)));
        writer.write("a", bytes("010203"));

        assertThatThrownBy(writer::close)
                .isInstanceOf(ModelException.class)
                .hasMessage(file + " was not written: 2 of its 2 tensors are incomplete, first 'a' with 3 of 4 bytes");

        assertThat(file).hasContent("old");
        assertThat(folder.toFile().list()).hasSize(1);
    }

    @Test
    void leavesNothingBehindWhenTheFileCannotBePutInPlace() throws IOException {
        Files.createDirectories(file.resolve("not empty"));
        SafetensorsWriter writer = create();

        assertThatThrownBy(writer::close)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + " cannot be written: ");

        assertThat(folder.toFile().list()).hasSize(1);
    }

    @Test
    void refusesAFolderThatIsNotThere() {
        file = folder.resolve("gone/w.safetensors");

        assertThatThrownBy(this::create)
                .isInstanceOf(ModelException.class)
                .hasMessage(file + " cannot be written: NoSuchFileException");
    }

    @Test
    void refusesTooManyBytesAndWritesNoneOfThem() {
        try (SafetensorsWriter writer = create(new Declaration("a", DType.F32, List.of(2L)))) {
            writer.write("a", bytes("01020304"));
            assertThatThrownBy(() -> writer.write("a", bytes("0506"), bytes("070809")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("tensor 'a' of %s has room for 4 more bytes of its 8, but was given 5".formatted(file));
            assertThatThrownBy(() -> writer.writeConverted("a", bytes("00000000"), DType.F16))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("tensor 'a' of %s has room for 4 more bytes of its 8, but was given 8".formatted(file));
            writer.write("a", bytes("05060708"));
        }
        try (MappedWeights weights = new MappedWeights()) {
            assertThat(weights.map(Safetensors.open(file).tensors().get("a"))).isEqualTo(bytes("0102030405060708"));
        }
    }

    @Test
    void refusesATensorThatWasNotDeclared() {
        try (SafetensorsWriter writer = create()) {
            assertThatThrownBy(() -> writer.write("a", bytes("01")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("no tensor 'a' was declared for " + file);
        }
    }

    @Test
    void refusesToWriteAfterItIsClosed() {
        SafetensorsWriter writer = create(new Declaration("a", DType.U8, List.of(0L)));
        writer.close();

        assertThatThrownBy(() -> writer.write("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("writer of %s is closed".formatted(file));
    }

    @Test
    void refusesTwoTensorsOfOneName() {
        assertThatThrownBy(() -> create(
                        new Declaration("a", DType.U8, List.of(1L)), new Declaration("a", DType.F32, List.of(1L))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 'a' is declared twice");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void refusesDeclarationsThatNoReaderTakes() {
        assertThatThrownBy(() -> new Declaration("__metadata__", DType.U8, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "tensor name must not be __metadata__ nor longer than 10000 characters, but was '__metadata__'");
        assertThatThrownBy(() -> new Declaration("a", DType.U8, Collections.nCopies(17, 1L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 'a' has 17 dimensions; at most 16 are allowed");
        assertThatThrownBy(() -> new Declaration("a", DType.F32, List.of(1L << 61)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "tensor 'a' has the shape [2305843009213693952]; sizes must not be negative and their bytes must stay below 2^63");
        assertThatThrownBy(() -> create(new Declaration("\ud83d", DType.U8, List.of(0L))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("names or metadata hold half a surrogate pair, which UTF-8 cannot write");
        assertThatThrownBy(() -> create(
                        new Declaration("a", DType.U8, List.of(Long.MAX_VALUE)),
                        new Declaration("b", DType.U8, List.of(1L))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the declared tensors hold more than 2^63 bytes in all");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void refusesAHeaderThatNoReaderTakes() {
        List<Declaration> many = Collections.nCopies(100_001, new Declaration("a", DType.U8, List.of()));
        assertThatThrownBy(() -> SafetensorsWriter.create(file, many, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a file holds at most 100000 tensors, but 100001 were declared");
        assertThatThrownBy(() -> SafetensorsWriter.create(file, List.of(), Map.of("k".repeat(10_001), "")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadata key must not be longer than 10000 characters, but '%s...' has 10001"
                        .formatted("k".repeat(120)));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void acceptsTheLongestNameThatTheReaderTakes() {
        create(new Declaration("n".repeat(10_000), DType.U8, List.of(0L))).close();

        assertThat(Safetensors.open(file).tensors()).containsOnlyKeys("n".repeat(10_000));
    }

    private SafetensorsWriter create(Declaration... tensors) {
        return SafetensorsWriter.create(file, List.of(tensors), Map.of());
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
