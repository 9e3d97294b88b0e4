package dev.swiftbrush.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.examples.benchmarks.SoakCounts.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class SoakTest {

    @TempDir
    Path folder;

    @Test
    void everyRequestOfAShortSoakEndsExactlyOnce() throws Exception {
        Path checkpoint = folder.resolve("tiny");
        new RandomCheckpoint(Architecture.TINY, checkpoint).write();
        SoakOptions options =
                SoakOptions.parse(List.of("--seconds", "3", "--threads", "12", "--checkpoint", checkpoint.toString()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean sound = Soak.run(options, new PrintStream(out, true, StandardCharsets.UTF_8));
        String report = out.toString(StandardCharsets.UTF_8);
        assertThat(sound).as(report).isTrue();
        assertThat(report)
                .containsPattern("- [0-9]+ requests, [0-9.]+/s; [1-9][0-9]* images, ")
                .containsPattern(
                        "- completed [1-9][0-9]*, rejected \\d+, .*, cancelled [1-9][0-9]*, failed 0, wrong picture 0\n")
                .containsPattern("- latency of images: p50 \\d+ ms, p95 \\d+ ms, p99 \\d+ ms\n")
                .contains("- every request ended exactly once: PASS");
    }

    @Test
    void aRequestThatNeverEndsIsSeen() {
        SoakCounts counts = new SoakCounts();
        for (int i = 0; i < 6; i++) {
            counts.submitted();
        }
        Duration waited = Duration.ofSeconds(1);
        counts.ended(new QueueFullException(1, 1, 1, waited));
        counts.ended(new NoSessionException(1, 1, 1, waited));
        counts.ended(new DeadlineExceededException(1, 1, 1, waited));
        counts.ended(new CancellationException());
        counts.completed(waited, false);
        assertThat(List.of(Outcome.REJECTED, Outcome.NO_SESSION, Outcome.DEADLINE, Outcome.CANCELLED, Outcome.WRONG))
                .allSatisfy(outcome -> assertThat(counts.count(outcome)).isEqualTo(1));
        assertThat(counts.endedCount()).isEqualTo(5);
        assertThat(counts.submittedCount()).isEqualTo(6);
        assertThat(counts.percentile(99)).isEqualTo(waited);
    }

    @Test
    void optionsGoFromProcessToProcess() {
        SoakOptions options = SoakOptions.parse(
                List.of("--seconds", "7", "--threads", "3", "--concurrent", "4", "--batch", "5", "--seed", "6"));
        assertThat(SoakOptions.parse(options.arguments())).isEqualTo(options);
        assertThatThrownBy(() -> SoakOptions.parse(List.of("--hours", "1")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("option '--hours' is unknown; there are %s", SoakOptions.USAGE);
        assertThatThrownBy(() -> SoakOptions.parse(List.of("--seconds")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("--seconds needs a value; options are %s", SoakOptions.USAGE);
        assertThatThrownBy(() -> SoakOptions.parse(List.of("--seconds", "x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "an option must be a number from 1 to 999999, but was 'x'; there are %s", SoakOptions.USAGE);
    }

    @Test
    void sessionsOfOneDeviceShareItsWeights() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Options options =
                Options.parse("--tiny", "--checkpoint", folder.resolve("tiny").toString());
        Sessions.run(options, new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8))
                .containsPattern("\\| after the start \\| (\\d+\\.\\d\\d GB|n/a) \\| (\\d+\\.\\d\\d GB|n/a) \\|")
                .containsPattern("\\| after an image of each session, drawn at once \\| ");
    }
}
