package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.train.StepMetrics;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConsoleProgressTest {

    private static final String CLEAR = "\r\u001b[K";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private long nanos;

    @Test
    void drawsOneLineAgainAndAgainOnATerminal() {
        ConsoleProgress progress = terminal(120);
        progress.stepCompleted(step(1, 200));
        pass(0.05);
        progress.stepCompleted(step(2, 200)); // too soon
        pass(0.05);
        progress.stepCompleted(step(50, 200));

        assertThat(printed())
                .isEqualTo(
                        CLEAR
                                + "step 1/200 [>                   ] 0.5%  ETA 3 min 19 s  loss/student 0.0123  loss/lora NaN  4 samples/s  3.2 GB"
                                + CLEAR
                                + "step 50/200 [=====>              ] 25.0%  ETA 2 min 30 s  loss/student 0.0123  loss/lora NaN  4 samples/s  3.2 GB");
    }

    @Test
    void alwaysDrawsTheLastStepAndLeavesItStanding() {
        ConsoleProgress progress = terminal(60);
        progress.stepCompleted(step(199, 200));
        progress.stepCompleted(step(200, 200));
        progress.finished(Path.of("student"), 200);

        assertThat(printed())
                .isEqualTo(CLEAR + "step 199/200 99.5%  ETA 1.0 s  loss/student 0.0123  loss/lo" + CLEAR
                        + "step 200/200 100.0%  took 5 min 0 s  loss/student 0.0123  l\n"
                        + "finished after step 200: student\n");
    }

    @Test
    void makesTheBarShorterInANarrowWindowAndLeavesItOutInAVeryNarrowOne() {
        for (int columns : new int[] {107, 100, 99}) {
            terminal(columns).stepCompleted(step(100, 200));
        }
        String right = "50.0%  ETA 1 min 40 s  loss/student 0.0123  loss/lora NaN  4 samples/s  3.2 GB";
        assertThat(printed())
                .isEqualTo(CLEAR + "step 100/200 [======>     ] " + right + CLEAR + "step 100/200 [==>  ] " + right
                        + CLEAR + "step 100/200 " + right);
    }

    @Test
    void printsMessagesAboveTheLineThatIsDrawn() {
        ConsoleProgress progress = terminal(40);
        progress.stepCompleted(step(100, 200));
        progress.checkpointSaved(Path.of("checkpoints", "step-100"), 100);

        String line = "step 100/200 50.0%  ETA 1 min 40 s  los";
        assertThat(printed()).isEqualTo(CLEAR + line + CLEAR + "checkpoint of step 100: checkpoints/step-100\n" + line);
    }

    @Test
    void endsTheLineThatIsDrawnOnce() {
        ConsoleProgress progress = terminal(120);
        progress.close();
        progress.stage("encoding prompts", 600, 1200);
        progress.close();
        progress.close();

        assertThat(printed()).isEqualTo(CLEAR + "encoding prompts: 600 of 1,200  [==========>         ]\n");
    }

    @Test
    void printsAPlainLineNowAndThenElsewhere() {
        ConsoleProgress progress = plain();
        for (int i = 1; i <= 1000; i++) {
            progress.stepCompleted(step(i, 1000));
            pass(0.1);
        }
        assertThat(printed().lines())
                .containsExactly(
                        "step 1 of 1000 (0.1%), ETA 16 min 39 s, loss/student 0.0123, loss/lora NaN, 4 samples/s, 3.2 GB",
                        "step 301 of 1000 (30.1%), ETA 11 min 39 s, loss/student 0.0123, loss/lora NaN, 4 samples/s, 3.2 GB",
                        "step 601 of 1000 (60.1%), ETA 6 min 39 s, loss/student 0.0123, loss/lora NaN, 4 samples/s, 3.2 GB",
                        "step 901 of 1000 (90.1%), ETA 1 min 39 s, loss/student 0.0123, loss/lora NaN, 4 samples/s, 3.2 GB",
                        "step 1000 of 1000 (100.0%), took 5 min 0 s, loss/student 0.0123, loss/lora NaN, 4 samples/s, 3.2 GB");
    }

    @Test
    void showsStagesBesideSteps() {
        ConsoleProgress progress = plain();
        progress.stage("encoding prompts", 0, 1200);
        progress.stage("encoding prompts", 600, 1200);
        pass(31);
        progress.stage("encoding prompts", 700, 1200);
        progress.stage("encoding prompts", 1200, 1200);
        progress.warning("3 prompts came twice", 0);
        progress.samplesWritten(Path.of("samples", "step-0.png"), 0);

        assertThat(printed().lines())
                .containsExactly(
                        "encoding prompts: 0 of 1,200",
                        "encoding prompts: 700 of 1,200",
                        "encoding prompts: 1,200 of 1,200",
                        "warning, step 0: 3 prompts came twice",
                        "samples of step 0: samples/step-0.png");
    }

    @Test
    void drawsABarForAStageOnATerminal() {
        ConsoleProgress progress = terminal(80);
        progress.stage("encoding prompts", 600, 1200);
        progress.stage("encoding prompts", 1200, 1200);

        assertThat(printed())
                .isEqualTo(CLEAR + "encoding prompts: 600 of 1,200  [==========>         ]" + CLEAR
                        + "encoding prompts: 1,200 of 1,200  [====================]\n");
    }

    @Test
    void showsWhateverValuesThereAreIfNoneIsALoss() {
        Map<String, Double> values = new LinkedHashMap<>();
        for (String name : new String[] {"a", "b", "c", "d"}) {
            values.put(name, 1.0);
        }
        plain().stepCompleted(new StepMetrics(
                1, 2, 0, values, Duration.ZERO, 0, 0, 0, Duration.ZERO, Duration.ofSeconds(20)));

        assertThat(printed()).isEqualTo("step 1 of 2 (50.0%), ETA 20 s, a 1, b 1, c 1\n");
    }

    @Test
    void printsNoControlCharacters() {
        plain().warning("bell\u0007 and \u001b[31mred\n", 3);

        assertThat(printed()).isEqualTo("warning, step 3: bell? and ?[31mred?\n");
    }

    @Test
    void takesTheWidthThatSttyPrints() {
        assertThat(Terminal.columns("24 132\n")).isEqualTo(132);
        assertThat(Terminal.columns("0 0\n")).isEqualTo(80);
        assertThat(Terminal.columns("")).isEqualTo(80);
        assertThat(Terminal.columns("stty: not a terminal")).isEqualTo(80);
    }

    private ConsoleProgress terminal(int columns) {
        return new ConsoleProgress(out, true, columns, Duration.ofMillis(100), () -> nanos);
    }

    private ConsoleProgress plain() {
        return new ConsoleProgress(out, false, 0, Duration.ofSeconds(30), () -> nanos);
    }

    private static StepMetrics step(long step, long total) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("lr/student", 1e-6);
        values.put("loss/student", 0.0123);
        values.put("loss/lora", Double.NaN);
        return new StepMetrics(
                step,
                total,
                0,
                values,
                Duration.ofSeconds(1),
                4,
                3_200_000_000L,
                3_300_000_000L,
                Duration.ofMinutes(5),
                Duration.ofSeconds(total - step));
    }

    private void pass(double seconds) {
        nanos += (long) (seconds * 1e9);
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }
}
