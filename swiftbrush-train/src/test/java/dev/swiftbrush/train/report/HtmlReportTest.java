package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {

    private static final String HOSTILE = "</script><script>alert('x')</script>\u0000<img src=\"http://x\">";
    private static final String ESCAPED =
            "&lt;/script&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\ufffd&lt;img src=&quot;http://x&quot;&gt;";

    @TempDir
    Path run;

    @Test
    void tellsOfARunThatHasNotEnded() throws IOException {
        RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0);
        for (int step = 1; step <= 4; step++) {
            files.stepCompleted(RunFilesTest.step(step, 1.0 / step));
        }
        String page = Files.readString(HtmlReport.write(run)); // not closed: it still runs

        assertThat(page)
                .contains("Unfinished", "after step 4 of 10", "<div style=\"width: 40%\">")
                .contains("<b>4</b><span>steps of 10</span>")
                .contains("<b>250 ms</b><span>a step, on average</span>")
                .contains("<b>1 min 0 s</b><span>were left at the last pace</span>")
                .contains(
                        "<figcaption><b>loss/student</b><span class=\"readout\" data-rest=\"last 0.25\">last 0.25</span>")
                .contains("<td>loss/student</td><td class=\"number\">1</td><td class=\"number\">0.25</td>")
                .contains(
                        "<td class=\"key\">lora.rank</td><td>64</td>",
                        "<td class=\"key\">timesteps</td><td>[20,980]</td>")
                .doesNotContain("<h2>Warnings</h2>", "<h2>Samples</h2>");
        files.close();
    }

    @Test
    void drawsWhatIsPositiveOnALogarithmicScaleToo() throws IOException {
        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            files.stepCompleted(values(1, Map.of("below", -1.0)));
            files.stepCompleted(values(2, Map.of("below", 1.0)));
        }
        String below = figure("below");
        assertThat(below).contains("<g class=\"lin only\">").doesNotContain("<g class=\"log\">");

        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            files.stepCompleted(values(1, Map.of("above", 0.001)));
            files.stepCompleted(values(2, Map.of("above", 10.0)));
        }
        String above = figure("above");
        assertThat(above)
                .contains("<g class=\"lin\">", "<g class=\"log\">", ">0.01</text>", ">0.1</text>", ">1</text>");
    }

    @Test
    void drawsLossesFirstAndTimesLast() throws IOException {
        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            Map<String, Double> values = new LinkedHashMap<>();
            List.of("seconds/lora", "lr/student", "loss/student", "grad_norm/student", "loss/lora")
                    .forEach(name -> values.put(name, 1.0));
            files.stepCompleted(values(1, values));
        }
        assertThat(Pattern.compile("<figcaption><b>([a-z_]+/[a-z]+)</b>")
                        .matcher(page())
                        .results())
                .extracting(caption -> caption.group(1))
                .containsExactly("loss/student", "loss/lora", "lr/student", "grad_norm/student", "seconds/lora");
    }

    @Test
    void marksTheOnlyValueOfACurveThatIsFlat() throws IOException {
        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            files.stepCompleted(values(1, Map.of("flat", 0.001)));
            files.stepCompleted(values(2, Map.of("flat", 0.001)));
        }
        String linear = figure("flat").split("<g class=\"log\">")[0];
        assertThat(Pattern.compile("text-anchor=\"end\">([^<]+)<")
                        .matcher(linear)
                        .results())
                .extracting(tick -> tick.group(1))
                .containsExactly("0.001");
    }

    @Test
    void drawsEveryPointWithinTheChart() throws IOException {
        Random random = new Random(1);
        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            for (int step = 1; step <= 2000; step++) {
                files.stepCompleted(values(step, Map.of("noisy", Math.exp(3 * random.nextGaussian()))));
            }
        }
        String figure = figure("noisy");
        long points = Pattern.compile("<poly[a-z]+ class=\"(thin|thick|band)\" points=\"([^\"]+)\"")
                .matcher(figure)
                .results()
                .flatMap(shape -> Pattern.compile(" ").splitAsStream(shape.group(2)))
                .peek(point -> {
                    String[] place = point.split(",");
                    assertThat(Double.parseDouble(place[0])).isBetween(58.0, 548.0);
                    assertThat(Double.parseDouble(place[1])).isBetween(8.0, 186.0);
                })
                .count();
        assertThat(points).isGreaterThan(2000);
    }

    @Test
    void warnsOfValuesThatAreNotFinite() throws IOException {
        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            files.stepCompleted(values(1, Map.of("loss", 1.0)));
            files.stepCompleted(values(2, Map.of("loss", Double.NaN)));
            files.stepCompleted(values(3, Map.of("loss", Double.POSITIVE_INFINITY)));
            files.warning("the newest checkpoint is damaged", 3);
            files.warning("the newest checkpoint is damaged", 3);
        }
        assertThat(page())
                .contains("<li>loss was not finite in 2 steps, first in step 2</li>")
                .contains("<li>the newest checkpoint is damaged<span>step 3, 2 times in all</span></li>");
    }

    @Test
    void refersToNothingOutsideAndEscapesAllText() throws IOException {
        ObjectNode settings = RunFilesTest.settings();
        settings.put(HOSTILE, HOSTILE);
        try (RunFiles files = RunFiles.open(run, settings, 0)) {
            files.stepCompleted(values(1, Map.of(HOSTILE, 1.0)));
            files.warning(HOSTILE, 1);
            files.stage(HOSTILE, 1, 1);
        }
        String page = page();

        assertThat(page).contains(ESCAPED).doesNotContain("alert('x')", "<img src=\"http", "\u0000");
        assertThat(page.split("<script>", -1)).hasSize(2);
        assertThat(page).contains("default-src 'none'").doesNotContain("href=", "url(", "@import");
    }

    @Test
    void letsOnlyItsOwnScriptRun() throws Exception {
        RunFiles.open(run, RunFilesTest.settings(), 0).close();
        String page = page();
        String script = page.substring(page.indexOf("<script>") + 8, page.indexOf("</script>"));
        byte[] hash = java.security.MessageDigest.getInstance("SHA-256").digest(script.getBytes("UTF-8"));

        assertThat(page)
                .contains("script-src 'sha256-" + java.util.Base64.getEncoder().encodeToString(hash) + "'\"");
    }

    @Test
    void embedsAFewOfManyGridsUpToTheLastStep() throws IOException {
        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            for (int step = 1; step <= 30; step++) {
                files.stepCompleted(values(step, Map.of("loss", 1.0)));
            }
            for (int step = 0; step <= 40; step++) {
                new ImageGrid(1, 16).write(files.grid(step), List.of(new Picture(new byte[3], 1, 1, "")));
            }
        }
        String page = page();

        assertThat(page.split("src=\"data:image/png;base64,", -1)).hasSize(HtmlReport.MOST_GRIDS + 1);
        assertThat(page)
                .contains("12 of 31 grids", "<figcaption>step 0</figcaption>", "<figcaption>step 30</figcaption>");
        assertThat(page).doesNotContain("<figcaption>step 31</figcaption>");
    }

    @Test
    void shrinksALargeGridToAJpeg() throws IOException {
        byte[] noise = new byte[3 * 1400 * 1400];
        new Random(1).nextBytes(noise);
        try (RunFiles files = RunFiles.open(run, RunFilesTest.settings(), 0)) {
            new ImageGrid(1, 1400).write(files.grid(0), List.of(new Picture(noise, 1400, 1400, "")));
        }
        assertThat(Files.size(run.resolve("samples/step-00000000.png"))).isGreaterThan(5_000_000);
        assertThat(page()).contains("data:image/jpeg;base64,");
        assertThat(Files.size(run.resolve("report.html"))).isLessThan(2_000_000);
    }

    @Test
    void saysWhichGridCannotBeRead() throws IOException {
        RunFiles.open(run, RunFilesTest.settings(), 0).close();
        Files.writeString(run.resolve("samples/step-00000000.png"), "no picture");

        assertThat(page()).contains("the grid of step 0 cannot be read: ");
    }

    @Test
    void saysWhenAFolderIsNoRun() {
        assertThatThrownBy(() -> HtmlReport.write(run))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s holds neither metrics.jsonl nor events.jsonl; is it the folder of a run?", run);
    }

    @Test
    void saysWhichFileIsDamaged() throws IOException {
        RunFiles.open(run, RunFilesTest.settings(), 0).close();
        Path settings = Files.writeString(run.resolve("settings.json"), "[]");
        assertThatThrownBy(() -> HtmlReport.write(run))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s does not hold a JSON object", settings);
    }

    @Test
    void toleratesLinesThatLackWhatIsShown() throws IOException {
        Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":-5}\n{\"step\":7,\"values\":[1]}\n");
        Files.writeString(run.resolve("events.jsonl"), "{\"step\":1,\"event\":5,\"text\":{}}\n");

        assertThat(page()).contains("after step 7 of 0", "no settings.json");
    }

    @Test
    void picksSomeOfManyEvenly() {
        List<Long> all = LongStream.range(0, 100).boxed().toList();
        assertThat(HtmlReport.evenly(all, 4)).containsExactly(0L, 33L, 66L, 99L);
        assertThat(HtmlReport.evenly(all.subList(0, 3), 4)).containsExactly(0L, 1L, 2L);
    }

    private String page() throws IOException {
        return Files.readString(HtmlReport.write(run));
    }

    private String figure(String name) throws IOException {
        String page = page();
        int caption = page.indexOf("<figcaption><b>" + name + "</b>");
        return page.substring(caption, page.indexOf("</figure>", caption));
    }

    private static StepMetrics values(long step, Map<String, Double> values) {
        return new StepMetrics(step, 4000, 0, values, Duration.ofMillis(1), 1, 1, 1, Duration.ZERO, Duration.ZERO);
    }
}
