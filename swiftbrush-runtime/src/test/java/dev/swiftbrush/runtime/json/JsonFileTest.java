package dev.swiftbrush.runtime.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonFileTest {

    @TempDir
    Path folder;

    @Test
    void readsAnObject() throws IOException {
        Path file = write("{\"a\": 1, \"b\": null, \"c\": \"text\"}");

        JsonFile json = JsonFile.read(file);

        assertThat(json.path()).isEqualTo(file);
        assertThat(json.has("a")).isTrue();
        assertThat(json.has("b")).isFalse();
        assertThat(json.text("c")).contains("text");
        assertThat(json.text("b")).isEmpty();
        assertThat(json.text("d")).isEmpty();
    }

    @Test
    void refusesAFileThatIsNotThere() {
        Path file = folder.resolve("config.json");

        assertThat(JsonFile.readIfPresent(file)).isEmpty();
        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s does not exist", file);
    }

    @Test
    void refusesALargeFileUnread() throws IOException {
        Path file = write(" ".repeat(100) + "{}");

        assertThatThrownBy(() -> JsonFile.read(file, 100))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s has 102 bytes; at most 100 are read", file);
        assertThat(JsonFile.read(file, 102).root()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[1, 2]", "null", "\"text\"", "7"})
    void refusesWhatIsNotAnObject(String content) throws IOException {
        Path file = write(content);

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s does not hold a JSON object", file);
    }

    @Test
    void refusesAKeyThatComesTwice() throws IOException {
        Path file = write("{\"a\": 1, \"a\": 2}");

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s is not valid JSON: Duplicate field 'a'", file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{\"a\": 1} {}", "{\"a\": 01}", "{'a': 1}", "{\"a\": 1,}"})
    void refusesWhatIsNotJson(String content) throws IOException {
        Path file = write(content);

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + " is not valid JSON: ");
    }

    @Test
    void saysWhereWhatIsNotClosedBegan() throws IOException {
        Path file = write("{\"a\":\n [1");

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s is not valid JSON: Unexpected end-of-input: expected close marker for Array (start marker at line: 2, column: 2)",
                        file);
    }

    @Test
    void knowsWhatGitLeavesInPlaceOfALargeFile() throws IOException {
        Path file = write("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s is a Git LFS pointer and not the file itself; fetch it with git lfs pull", file);
    }

    /** Python writes them: a DPM-Solver's scheduler_config.json holds {@code "lambda_min_clipped": -Infinity}. */
    @Test
    void readsPythonsInfinitiesButTakesNoneForANumber() throws IOException {
        JsonFile config = JsonFile.read(write("{\"lambda_min_clipped\": -Infinity, \"a\": 1}"));

        assertThat(config.count("a", 9)).hasValue(1);
        assertThatThrownBy(() -> config.number("lambda_min_clipped", -9, 9)).isInstanceOf(ModelException.class);
    }

    @Test
    void refusesDeepNesting() throws IOException {
        Path file = write("{\"a\":" + "[".repeat(500_000));

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + " is not valid JSON: Document nesting depth (33) exceeds the maximum");
    }

    @Test
    void refusesALongNumber() throws IOException {
        Path file = write("{\"a\": 1" + "0".repeat(100_000) + "}");

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + " is not valid JSON: Number value length (100001) exceeds the maximum");
    }

    @Test
    void refusesBytesThatAreNotText() throws IOException {
        Path file = folder.resolve("config.json");
        Files.write(file, new byte[] {'{', '"', (byte) 0xFF, 'a', 'b', 'c', '"', ':', '1', '}'});

        assertThatThrownBy(() -> JsonFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + " is not valid JSON: Invalid UTF-8");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "0|0",
                "-1|-1",
                "9|9",
                "2.0|2.0",
                "'4'|\"4\"",
                "true|true",
                "[4]|[4]",
                "{}|{}",
                "2147483648|2147483648",
                "99999999999999999999|99999999999999999999",
                "1e3|1000.0"
            })
    void aCountIsAWholeNumberWithinItsLimit(String value, String shown) {
        assertThatThrownBy(() -> Json.of("{'a': %s}".formatted(value)).count("a", 8))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json: a must be a whole number from 1 to 8, but was %s", shown);
    }

    @Test
    void aCountMayBeItsLimit() {
        assertThat(Json.of("{'a': 8}").count("a", 8)).contains(8);
        assertThat(Json.of("{'a': 1}").count("a", 8)).contains(1);
        assertThat(Json.of("{'a': null}").count("a", 8)).isEmpty();
    }

    @Test
    void oneCountIsMeantForAll() {
        assertThat(Json.of("{'a': 5}").counts("a", 3, 8)).contains(List.of(5, 5, 5));
        assertThat(Json.of("{'a': [5, 6, 7]}").counts("a", 3, 8)).contains(List.of(5, 6, 7));
        assertThat(Json.of("{}").counts("a", 3, 8)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"[5, 6]|[5,6]", "[5,6,7,8]|[5,6,7,8]", "[1,2,9]|[1,2,9]", "[1,[2],3]|[1,[2],3]", "9|9", "[]|[]"})
    void countsAreOfTheLengthThatIsWanted(String value, String shown) {
        assertThatThrownBy(() -> Json.of("{'a': %s}".formatted(value)).counts("a", 3, 8))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "config.json: a must be a whole number from 1 to 8 or a list of 3 of them, but was %s", shown);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"[]|[]", "[1,2,3]|[1,2,3]", "4|4", "[0]|[0]", "[null]|[null]"})
    void aListOfCountsIsNeitherEmptyNorTooLong(String value, String shown) {
        assertThatThrownBy(() -> Json.of("{'a': %s}".formatted(value)).countList("a", 2, 8))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json: a must be a list of 1 to 2 whole numbers from 1 to 8, but was %s", shown);
    }

    @Test
    void readsAListOfCounts() {
        assertThat(Json.of("{'a': [3, 8]}").countList("a", 2, 8)).contains(List.of(3, 8));
    }

    @Test
    void readsNumbersWithinTheirBounds() {
        assertThat(Json.of("{'a': 1}").number("a", 0, 1)).contains(1.0);
        assertThat(Json.of("{'a': 1e-5}").number("a", 0, 1)).contains(1e-5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"1.5|1.5", "-1|-1", "'0.5'|\"0.5\"", "1e999|Infinity", "-1e999|-Infinity", "false|false"})
    void refusesNumbersOutsideTheirBounds(String value, String shown) throws IOException {
        JsonFile json = Json.of("{'a': %s}".formatted(value));

        assertThatThrownBy(() -> json.number("a", 0, 1))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("config.json: a must be a number from 0.0 to 1.0, but was ")
                .hasMessageContaining(shown);
    }

    @Test
    void readsFlags() {
        assertThat(Json.of("{'a': true}").flag("a", false)).isTrue();
        assertThat(Json.of("{'a': null}").flag("a", true)).isTrue();
        assertThatThrownBy(() -> Json.of("{'a': 0}").flag("a", true))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json: a must be true or false, but was 0");
    }

    @Test
    void readsTexts() {
        assertThat(Json.of("{'a': ['x', 'y']}").texts("a")).contains(List.of("x", "y"));
        for (String value : List.of("'x'", "['x', 1]", "[null]")) {
            assertThatThrownBy(() -> Json.of("{'a': %s}".formatted(value)).texts("a"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageStartingWith("config.json: a must be a list of strings, but was ");
        }
        assertThatThrownBy(() -> Json.of("{'a': 1}").text("a"))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json: a must be a string, but was 1");
    }

    @Test
    void aLongValueIsShortenedInTheMessage() {
        assertThatThrownBy(() ->
                        Json.of("{'a': '%s'}".formatted("x".repeat(60_000))).flag("a", true))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json: a must be true or false, but was \"%s...", "x".repeat(79));
    }

    @Test
    void keysThatNobodyKnowsAreRefusedUnlessTheySayNothing() {
        JsonFile json = Json.of("{'known': 1, 'z': [1], 'off': false, 'none': null, '_remark': 'x', 'b': 'y'}");

        assertThatThrownBy(() -> json.refuseKeysOtherThan(Set.of("known")))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets b=\"y\", z=[1], which is not supported");
        json.refuseKeysOtherThan(Set.of("known", "z", "b"));
    }

    @Test
    void manyUnknownKeysAreShortened() {
        String keys =
                IntStream.range(0, 20_000).mapToObj("'k%05d': 1"::formatted).collect(Collectors.joining(","));

        assertThatThrownBy(() -> Json.of("{" + keys + "}").refuseKeysOtherThan(Set.of()))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets k00000=1, k00001=1, k00002=1, k00003=1, k00004=1, k00005=1, k00006=1,"
                        + " k00007=1 and 19992 more, which is not supported");
    }

    @Test
    void aLongKeyIsShortened() {
        assertThatThrownBy(
                        () -> Json.of("{'%s': 1}".formatted("k".repeat(4000))).refuseKeysOtherThan(Set.of()))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets %s...=1, which is not supported", "k".repeat(80));
    }

    @Test
    void oneValueOnlyMeansOneType() {
        Json.of("{'a': 1.0, 'b': 'x', 'c': false, 'd': null}").requireOnly("a", 1);
        Json.of("{'b': 'x'}").requireOnly("b", "x");
        Json.of("{}").requireOnly("b", "x");
        assertThatThrownBy(() -> Json.of("{'a': '1'}").requireOnly("a", 1))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets a=\"1\"; only 1 is supported");
        assertThatThrownBy(() -> Json.of("{'a': ['x']}").requireOnly("a", "x"))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets a=[\"x\"]; only x is supported");
    }

    @Test
    void whatMustBeUnsetMayBeNullOrFalse() {
        JsonFile json = Json.of("{'a': null, 'b': false, 'c': 'false', 'd': 0}");
        json.requireUnset("a");
        json.requireUnset("b");
        json.requireUnset("absent");
        assertThatThrownBy(() -> json.requireUnset("c"))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets c=\"false\", which is not supported");
        assertThatThrownBy(() -> json.requireUnset("d"))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets d=0, which is not supported");
    }

    private Path write(String content) throws IOException {
        return Files.writeString(folder.resolve("config.json"), content);
    }
}
