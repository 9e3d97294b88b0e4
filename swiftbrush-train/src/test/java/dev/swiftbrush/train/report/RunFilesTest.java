package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFilesTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-22T12:34:56.789Z"));

    @TempDir
    Path temporary;

    @Test
    void writesALineForEveryStepAndEvent() throws IOException {
        Path run = temporary.resolve("run");
        try (RunFiles files = RunFiles.open(run, settings(), 0, CLOCK)) {
            files.stage("encoding prompts", 0, 5);
            files.stage("encoding prompts", 3, 5);
            files.stage("encoding prompts", 5, 5);
            files.stepCompleted(step(1, 0.5));
            files.stepCompleted(step(2, Double.NaN));
            new ImageGrid(1, 16).write(files.grid(2), List.of(new Picture(new byte[3], 1, 1, "")));
            files.samplesWritten(files.grid(2), 2);
            files.checkpointSaved(run.resolve("checkpoints").resolve("step-2"), 2);
            files.warning("a \"strange\" thing", 2);
            files.finished(run.resolve("student"), 2);
        }

        assertThat(run.resolve("metrics.jsonl")).hasContent("""
                        {"step":1,"time":"2026-11-22T12:34:56.789Z","total_steps":10,"epoch":0,"values":{"loss/student":0.5,"lr/student":1.0E-6},"step_seconds":0.25,"samples_per_second":8.0,"rss_bytes":1000,"peak_rss_bytes":2000,"elapsed_seconds":1.5,"remaining_seconds":60.0}
                        {"step":2,"time":"2026-11-22T12:34:56.789Z","total_steps":10,"epoch":0,"values":{"loss/student":"NaN","lr/student":1.0E-6},"step_seconds":0.25,"samples_per_second":8.0,"rss_bytes":1000,"peak_rss_bytes":2000,"elapsed_seconds":1.5,"remaining_seconds":60.0}
                        """);
        String time = "\"time\":\"2026-11-22T12:34:56.789Z\"";
        assertThat(run.resolve("events.jsonl")).hasContent("""
                        {"step":0,TIME,"event":"started","text":""}
                        {"step":0,TIME,"event":"stage","text":"encoding prompts: 0 of 5"}
                        {"step":0,TIME,"event":"stage","text":"encoding prompts: 5 of 5"}
                        {"step":2,TIME,"event":"samples","text":"step-00000002.png"}
                        {"step":2,TIME,"event":"checkpoint","text":"step-2"}
                        {"step":2,TIME,"event":"warning","text":"a \\"strange\\" thing"}
                        {"step":2,TIME,"event":"finished","text":"student"}
                        """.replace("TIME", time));
        assertThat(run.resolve("report.html")).content().contains("Finished", "a &quot;strange&quot; thing");
        assertThat(run.resolve("settings.json")).content().contains("\"rank\" : 64");
    }

    @Test
    void goesOnFromTheStepThatWasResumed() throws IOException {
        try (RunFiles files = RunFiles.open(temporary, settings(), 0, CLOCK)) {
            for (int i = 1; i <= 5; i++) {
                files.stepCompleted(step(i, i));
            }
            files.warning("late", 5);
        }
        try (RunFiles files = RunFiles.open(temporary, settings(), 3, CLOCK)) {
            files.stepCompleted(step(4, 40));
        }

        RunHistory history = RunHistory.of(new RunFolder(temporary));
        assertThat(history.step()).isEqualTo(4);
        assertThat(history.values().get("loss/student").points().stream().map(Curve.Point::mean))
                .containsExactly(1.0, 2.0, 3.0, 40.0);
        assertThat(history.resumedAt()).containsExactly(3L);
        assertThat(history.warnings()).isEmpty();
        assertThat(history.isFinished()).isFalse();
        try (Stream<Path> files = Files.list(temporary.resolve("tensorboard"))) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void writesTheReportOfARunThatFailed() {
        assertThatThrownBy(() -> {
                    try (RunFiles files = RunFiles.open(temporary, settings(), 0, CLOCK)) {
                        files.stepCompleted(step(1, 1));
                        throw new IllegalStateException("the step failed");
                    }
                })
                .isInstanceOf(IllegalStateException.class)
                .hasNoSuppressedExceptions();
        assertThat(temporary.resolve("report.html")).content().contains("Unfinished");
    }

    @Test
    void refusesASampleGridThatIsNoPicture() throws IOException {
        Path text = Files.writeString(temporary.resolve("text.png"), "not a picture");
        try (RunFiles files = RunFiles.open(temporary, settings(), 0, CLOCK)) {
            assertThatThrownBy(() -> files.samplesWritten(text, 1))
                    .isInstanceOf(StorageException.class)
                    .hasMessageStartingWith("%s cannot be read: ".formatted(text));
        }
    }

    @Test
    void refusesToGoOnWithADamagedFile() throws IOException {
        Files.writeString(temporary.resolve("events.jsonl"), "damaged\n");
        assertThatThrownBy(() -> RunFiles.open(temporary, settings(), 8, CLOCK))
                .isInstanceOf(StorageException.class)
                .hasMessage(
                        "line 1 of %s is not valid JSON; move the file away to go on without it",
                        temporary.resolve("events.jsonl"));
    }

    @Test
    void writesOnWhenTheThreadIsInterrupted() throws IOException {
        try (RunFiles files = RunFiles.open(temporary, settings(), 0, CLOCK)) {
            Thread.currentThread().interrupt();
            files.stepCompleted(step(1, 1));
            files.warning("interrupted", 1);
            assertThat(Thread.interrupted()).isTrue();
            files.stepCompleted(step(2, 2));
        }
        assertThat(Files.readAllLines(temporary.resolve("metrics.jsonl"))).hasSize(2);
        assertThat(Files.readAllLines(temporary.resolve("events.jsonl"))).hasSize(2);
    }

    @Test
    void closesOnce() {
        RunFiles files = RunFiles.open(temporary, settings(), 0, CLOCK);
        files.close();
        files.close();
        assertThat(temporary.resolve("report.html")).exists();
    }

    static ObjectNode settings() {
        ObjectNode settings = JsonNodeFactory.instance.objectNode();
        settings.put("teacher", "sd21-base");
        settings.putObject("lora").put("rank", 64).put("alpha", 108);
        settings.putArray("timesteps").add(20).add(980);
        return settings;
    }

    static StepMetrics step(long step, double loss) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss/student", loss);
        values.put("lr/student", 1e-6);
        return new StepMetrics(
                step,
                10,
                0,
                values,
                Duration.ofMillis(250),
                8,
                1000,
                2000,
                Duration.ofMillis(1500),
                Duration.ofMinutes(1));
    }
}
