package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLinesTest {

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("metrics.jsonl");
    }

    @Test
    void writesALineAtATimeForOthersToRead() throws IOException {
        try (JsonLines lines = JsonLines.resume(file, 0)) {
            lines.write(JsonLines.object(1).put("loss", 0.5));
            assertThat(Files.readString(file)).isEqualTo("{\"step\":1,\"loss\":0.5}\n");
            lines.write(JsonLines.object(2).put("loss", 0.25));
            assertThat(Files.readString(file)).isEqualTo("{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":0.25}\n");
        }
    }

    @Test
    void writesWhatIsNotFiniteAsAStringAndReadsItBack() throws IOException {
        try (JsonLines lines = JsonLines.resume(file, 0)) {
            ObjectNode line = JsonLines.object(1);
            JsonLines.put(line, "a", Double.NaN);
            JsonLines.put(line, "b", Double.POSITIVE_INFINITY);
            JsonLines.put(line, "c", Double.NEGATIVE_INFINITY);
            JsonLines.put(line, "d", 1e-9);
            lines.write(line);
        }
        assertThat(Files.readString(file))
                .isEqualTo("{\"step\":1,\"a\":\"NaN\",\"b\":\"Infinity\",\"c\":\"-Infinity\",\"d\":1.0E-9}\n");

        JsonLines.read(file, (step, line) -> {
            assertThat(JsonLines.number(line.get("a"))).isNaN();
            assertThat(JsonLines.number(line.get("b"))).isEqualTo(Double.POSITIVE_INFINITY);
            assertThat(JsonLines.number(line.get("c"))).isEqualTo(Double.NEGATIVE_INFINITY);
            assertThat(JsonLines.number(line.get("d"))).isEqualTo(1e-9);
            assertThat(JsonLines.number(line.get("e"))).isNull();
            assertThat(JsonLines.number(line.put("f", "1").get("f"))).isNull();
        });
    }

    @Test
    void removesTheLinesOfStepsThatAreDoneAgain() {
        write(1, 2, 2, 3, 4);
        try (JsonLines lines = JsonLines.resume(file, 2)) {
            lines.write(JsonLines.object(3).put("again", true));
        }
        assertThat(steps()).containsExactly(1L, 2L, 2L, 3L);
        assertThat(file).content().endsWith("{\"step\":3,\"again\":true}\n");
    }

    @Test
    void goesOnAfterTheLastLineIfNoneIsTooMuch() {
        write(1, 2);
        try (JsonLines lines = JsonLines.resume(file, 5)) {
            lines.write(JsonLines.object(6));
        }
        assertThat(steps()).containsExactly(1L, 2L, 6L);
    }

    @Test
    void startsANewRunAnew() {
        write(0, 1, 2);
        JsonLines.resume(file, 0).close();

        assertThat(file).isEmptyFile();
    }

    @Test
    void removesAHalfWrittenLastLine() throws IOException {
        write(1, 2);
        Files.writeString(file, "{\"step\":3,\"lo", StandardOpenOption.APPEND);
        assertThat(steps()).containsExactly(1L, 2L);

        try (JsonLines lines = JsonLines.resume(file, 3)) {
            lines.write(JsonLines.object(4));
        }
        assertThat(steps()).containsExactly(1L, 2L, 4L);
    }

    @Test
    void refusesADamagedLineBeforeTheLast() throws IOException {
        assertDamaged("line 2 of %s is not valid JSON; move the file away to go on without it", "{\"step\":2,");
        assertDamaged("line 2 of %s is not valid JSON; move the file away to go on without it", "{\"step\":2} {}");
        assertDamaged("line 2 of %s is not a JSON object; move the file away to go on without it", "[2]");
        assertDamaged("line 2 of %s is not a JSON object; move the file away to go on without it", "");
        assertDamaged("line 2 of %s has no step; move the file away to go on without it", "{\"step\":2.5}");
        assertDamaged("line 2 of %s has no step; move the file away to go on without it", "{\"step\":1e30}");
        assertDamaged(
                "line 2 of %s is longer than 1048576 bytes; move the file away to go on without it",
                " ".repeat(JsonLines.MAX_LINE_BYTES + 1));
        assertDamaged("line 2 of %s is not valid JSON; move the file away to go on without it", "[".repeat(100_000));
    }

    private void assertDamaged(String message, String line) throws IOException {
        Files.writeString(file, "{\"step\":1}\n" + line + "\n{\"step\":3}\n");
        assertThatThrownBy(() -> JsonLines.resume(file, 3))
                .isInstanceOf(StorageException.class)
                .hasMessage(message.formatted(file));
        assertThatThrownBy(this::steps).isInstanceOf(StorageException.class).hasMessage(message.formatted(file));
    }

    private void write(long... steps) {
        try (JsonLines lines = JsonLines.resume(file, 0)) {
            for (long step : steps) {
                lines.write(JsonLines.object(step));
            }
        }
    }

    private List<Long> steps() {
        List<Long> steps = new ArrayList<>();
        JsonLines.read(file, (step, line) -> steps.add(step));
        return steps;
    }
}
