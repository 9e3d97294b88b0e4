package dev.swiftbrush.runtime.weights;

import static dev.swiftbrush.runtime.weights.SafetensorsBytes.entry;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule of the format broken once, with the message that says so; {@code FILE} stands for the file's path. */
class HostileSafetensorsTest {

    private static final String DTYPES = "[F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL]";

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("hostile.safetensors");
    }

    @Test
    void refusesAFileThatIsNotThere() {
        assertRefused("there is no file FILE");
    }

    @Test
    void refusesAFolder() throws IOException {
        Files.createDirectory(file);

        assertRefused("FILE is not a regular file");
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "7"})
    void refusesAFileTooShortForTheHeaderLength(int bytes) throws IOException {
        Files.write(file, new byte[bytes]);

        assertRefused(
                "FILE holds " + bytes + " bytes, but a safetensors file starts with 8 that give its header's length");
    }

    @ParameterizedTest
    @CsvSource({"0,0", "100000001,100000001", "-1,18446744073709551615", "-9223372036854775808,9223372036854775808"})
    void refusesAHeaderLengthThatTheFormatDoesNotAllow(long claimed, String shown) {
        SafetensorsBytes.write(file, claimed, new byte[0]);

        assertRefused("header of FILE claims " + shown
                + " bytes; 1 to 100000000 are allowed, so this is not a safetensors file");
    }

    @Test
    void refusesAHeaderOver100MegabytesThatIsReallyThere() throws IOException {
        SafetensorsBytes.write(file, 100_000_001, new byte[0]);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(200_000_000);
        }

        assertRefused(
                "header of FILE claims 100000001 bytes; 1 to 100000000 are allowed, so this is not a safetensors file");
    }

    @Test
    void refusesAHeaderThatIsCutShort() {
        SafetensorsBytes.write(file, 100_000_000, "{}".getBytes(StandardCharsets.UTF_8));

        assertRefused(
                "header of FILE claims 100000000 bytes, but only 2 follow; the file is cut short, fetch it again");
    }

    @Test
    void refusesAPickle() throws IOException {
        Files.write(file, new byte[] {'P', 'K', 3, 4, 0, 0, 8, 8, 0, 0});

        assertRefused(
                "header of FILE claims 578712552184433488 bytes; 1 to 100000000 are allowed, so this is not a safetensors file");
    }

    @Test
    void refusesWhatGitLeavesInPlaceOfALargeFile() throws IOException {
        Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");

        assertRefused("FILE is a Git LFS pointer and not the file itself; fetch it with git lfs pull");
    }

    @Test
    void refusesBytesThatAreNotUtf8() {
        SafetensorsBytes.write(file, "{\"caf\u00e9\":1}".getBytes(StandardCharsets.ISO_8859_1));

        assertRefused("header of FILE is not valid UTF-8");
    }

    @Test
    void refusesAHeaderThatEndsWithinACharacter() {
        SafetensorsBytes.write(file, new byte[] {'{', '}', (byte) 0xc3});

        assertRefused("header of FILE is not valid UTF-8");
    }

    @Test
    void refusesAHeaderWithoutEnd() {
        SafetensorsBytes.write(file, "{\"a\":{");

        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("header of " + file + " is not valid JSON: Unexpected end-of-input");
    }

    @Test
    void refusesAMillionOpenBracketsWithoutFollowingThem() {
        SafetensorsBytes.write(file, "{\"a\":{\"shape\":" + "[".repeat(1_000_000));

        assertRefused("tensor 'a' in FILE has a list in its shape, which must hold whole numbers below 2^63");
    }

    @Test
    void refusesANameLongerThan10000Characters() {
        SafetensorsBytes.write(file, "{" + entry("n".repeat(10_001), "U8", "[]", 0, 1) + "}", 0);

        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("header of " + file
                        + " is not valid JSON: Name length (10001) exceeds the maximum allowed (10000,");
    }

    @Test
    void refusesMoreThan100000Tensors() {
        StringBuilder header = new StringBuilder("{");
        IntStream.rangeClosed(0, 100_000)
                .forEach(i -> header.append(entry("t" + i, "U8", "[0]", 0, 0)).append(','));
        header.setCharAt(header.length() - 1, '}');
        SafetensorsBytes.write(file, header.toString());

        assertRefused("header of FILE names more than 100000 tensors");
    }

    @Test
    void showsNoControlCharactersAndNoLongNamesInAMessage() {
        SafetensorsBytes.write(file, "{\"a\\n\\u001b" + "x".repeat(500) + "\":1}");

        assertRefused("tensor 'a??" + "x".repeat(117) + "...' in FILE is '1', but must be an object");
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("faults")
    void refuses(String header, String message, int dataBytes) {
        SafetensorsBytes.write(file, header, new int[dataBytes]);

        assertRefused(message);
    }

    static Stream<Arguments> faults() {
        return Stream.of(
                // the object
                fault("[]", "header of FILE must start with '{', but starts with '['"),
                fault(" {}", "header of FILE must start with '{', but starts with ' '"),
                fault("\ufeff{}", "header of FILE must start with '{', but starts with '\ufeff'"),
                fault("{} x", "header of FILE must end with its closing '}' and spaces, but has 'x' after it"),
                fault("{}\n", "header of FILE must end with its closing '}' and spaces, but has '?' after it"),
                fault("{}\0", "header of FILE must end with its closing '}' and spaces, but has '?' after it"),
                fault("{}{}", "header of FILE must end with its closing '}' and spaces, but has '{' after it"),
                fault(
                        "{}" + " ".repeat(20_000) + "x",
                        "header of FILE must end with its closing '}' and spaces, but has 'x' after it"),
                fault(
                        "{'a':1}",
                        "header of FILE is not valid JSON: Unexpected character (''' (code 39)): was expecting double-quote to start field name (character 1)"),

                // __metadata__
                fault(
                        "{\"__metadata__\":null}",
                        "header of FILE gives __metadata__ as 'null', which must be an object of strings"),
                fault(
                        "{\"__metadata__\":[]}",
                        "header of FILE gives __metadata__ as a list, which must be an object of strings"),
                fault(
                        "{\"__metadata__\":{\"a\":1}}",
                        "header of FILE gives __metadata__ 'a' as '1', which must be a string"),
                fault(
                        "{\"__metadata__\":{\"a\":{}}}",
                        "header of FILE gives __metadata__ 'a' as an object, which must be a string"),
                fault("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "header of FILE names __metadata__ 'a' twice"),
                fault("{\"__metadata__\":{},\"__metadata__\":{}}", "header of FILE names __metadata__ twice"),

                // an entry's fields
                fault("{\"a\":null}", "tensor 'a' in FILE is 'null', but must be an object"),
                fault("{\"a\":[\"U8\",[1],[0,1]]}", "tensor 'a' in FILE is a list, but must be an object"),
                fault("{\"a\":{}}", "tensor 'a' in FILE has no dtype"),
                fault("{\"a\":{\"dtype\":\"U8\"}}", "tensor 'a' in FILE has no shape"),
                fault("{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", "tensor 'a' in FILE has no data_offsets"),
                fault("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", "tensor 'a' in FILE gives dtype twice"),
                fault("{\"a\":{\"shape\":[],\"shape\":[]}}", "tensor 'a' in FILE gives shape twice"),
                fault(
                        "{\"a\":{\"data_offsets\":[0,1],\"data_offsets\":[0,1]}}",
                        "tensor 'a' in FILE gives data_offsets twice"),
                fault(
                        "{\"a\":{\"strides\":[1]}}",
                        "tensor 'a' in FILE has a field 'strides', which the format does not know"),
                fault(
                        "{" + entry("a", "U8", "[]", 0, 1) + "," + entry("a", "U8", "[]", 1, 2) + "}",
                        "tensor 'a' in FILE is named twice",
                        2),

                // dtype
                fault("{\"a\":{\"dtype\":3}}", "tensor 'a' in FILE gives dtype as '3', which must be a string"),
                fault("{\"a\":{\"dtype\":null}}", "tensor 'a' in FILE gives dtype as 'null', which must be a string"),
                fault(
                        "{" + entry("a", "F8_E4M3", "[1]", 0, 1) + "}",
                        "tensor 'a' in FILE has the dtype 'F8_E4M3'; supported are " + DTYPES,
                        1),
                fault(
                        "{" + entry("a", "U64", "[1]", 0, 8) + "}",
                        "tensor 'a' in FILE has the dtype 'U64'; supported are " + DTYPES,
                        8),
                fault(
                        "{" + entry("a", "f32", "[1]", 0, 4) + "}",
                        "tensor 'a' in FILE has the dtype 'f32'; supported are " + DTYPES,
                        4),

                // shape
                fault(
                        "{\"a\":{\"shape\":4}}",
                        "tensor 'a' in FILE gives shape as '4', which must be a list of whole numbers"),
                fault(
                        "{\"a\":{\"shape\":[1.0]}}",
                        "tensor 'a' in FILE has '1.0' in its shape, which must hold whole numbers below 2^63"),
                fault(
                        "{\"a\":{\"shape\":[null]}}",
                        "tensor 'a' in FILE has 'null' in its shape, which must hold whole numbers below 2^63"),
                fault(
                        "{\"a\":{\"shape\":[\"1\"]}}",
                        "tensor 'a' in FILE has '1' in its shape, which must hold whole numbers below 2^63"),
                fault(
                        "{\"a\":{\"shape\":[9223372036854775808]}}",
                        "tensor 'a' in FILE has '9223372036854775808' in its shape, which must hold whole numbers below 2^63"),
                fault(
                        "{\"a\":{\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}",
                        "tensor 'a' in FILE has more than 16 numbers in its shape"),
                fault(
                        "{" + entry("a", "U8", "[-1,-1]", 0, 1) + "}",
                        "tensor 'a' in FILE has the shape [-1, -1]; sizes must not be negative",
                        1),
                fault(
                        "{" + entry("a", "F32", "[4611686018427387904,4]", 0, 16) + "}",
                        "tensor 'a' in FILE is F32 [4611686018427387904, 4], which is more than 2^63 bytes",
                        16),
                fault(
                        "{" + entry("a", "F32", "[4294967296,4294967296,0]", 0, 0) + "}",
                        "tensor 'a' in FILE is F32 [4294967296, 4294967296, 0], which is more than 2^63 bytes"),
                fault(
                        "{" + entry("a", "F64", "[2305843009213693952]", 0, 0) + "}",
                        "tensor 'a' in FILE is F64 [2305843009213693952], which is more than 2^63 bytes"),

                // data_offsets
                fault(
                        "{\"a\":{\"data_offsets\":\"0,1\"}}",
                        "tensor 'a' in FILE gives data_offsets as '0,1', which must be a list of whole numbers"),
                fault(
                        "{\"a\":{\"data_offsets\":[0,1,2]}}",
                        "tensor 'a' in FILE has more than 2 numbers in its data_offsets"),
                fault(
                        "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0]}}",
                        "tensor 'a' in FILE has the data_offsets [0], which must be a begin and an end"),
                fault(
                        "{" + entry("a", "U8", "[1]", -1, 0) + "}",
                        "tensor 'a' in FILE has the data_offsets [-1, 0], which must not be negative nor end before they begin"),
                fault(
                        "{" + entry("a", "U8", "[1]", 4, 3) + "}",
                        "tensor 'a' in FILE has the data_offsets [4, 3], which must not be negative nor end before they begin",
                        4),
                fault(
                        "{" + entry("a", "F32", "[2,3]", 0, 23) + "}",
                        "tensor 'a' in FILE is F32 [2, 3], 24 bytes, but its data_offsets [0, 23] hold 23",
                        23),

                // the data
                fault(
                        "{" + entry("a", "U8", "[4]", 0, 4) + "}",
                        "tensor 'a' in FILE ends at byte 4 of the data, but only 3 are there; the file is cut short, fetch it again",
                        3),
                fault(
                        "{" + entry("a", "U8", "[1]", Long.MAX_VALUE - 1, Long.MAX_VALUE) + "}",
                        "tensor 'a' in FILE ends at byte 9223372036854775807 of the data, but only 1 are there; the file is cut short, fetch it again",
                        1),
                fault(
                        "{" + entry("a", "U8", "[1]", 1, 2) + "}",
                        "tensor 'a' in FILE begins at byte 1 of the data, but the one before it ends at 0; holes are not allowed",
                        2),
                fault(
                        "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "U8", "[1]", 3, 4) + "}",
                        "tensor 'b' in FILE begins at byte 3 of the data, but the one before it ends at 1; holes are not allowed",
                        4),
                fault(
                        "{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "U8", "[2]", 1, 3) + "}",
                        "tensor 'b' in FILE begins at byte 1 of the data, but the one before it ends at 2; overlaps are not allowed",
                        3),
                fault(
                        "{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "U8", "[2]", 0, 2) + "}",
                        "tensor 'b' in FILE begins at byte 0 of the data, but the one before it ends at 2; overlaps are not allowed",
                        2),
                fault(
                        "{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "U8", "[0]", 1, 1) + "}",
                        "tensor 'b' in FILE begins at byte 1 of the data, but the one before it ends at 2; overlaps are not allowed",
                        2),
                fault(
                        "{" + entry("a", "U8", "[1]", 0, 1) + "}",
                        "FILE holds 3 bytes of data, but its tensors end at 1; bytes that belong to no tensor are not allowed",
                        3),
                fault(
                        "{}",
                        "FILE holds 1 bytes of data, but its tensors end at 0; bytes that belong to no tensor are not allowed",
                        1));
    }

    private static Arguments fault(String header, String message) {
        return fault(header, message, 0);
    }

    private static Arguments fault(String header, String message, int dataBytes) {
        return Arguments.of(header, message, dataBytes);
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessage(message.replace("FILE", file.toString()));
    }
}
