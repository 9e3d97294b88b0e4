package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The whole way with tiny networks of random weights: a teacher that is its own students. */
@Timeout(180)
class EvaluateTest {
    private static final String TEACHER = "../../swiftbrush-runtime/src/test/resources/reference/sd2";

    @TempDir
    Path folder;

    private final PrintStream out = System.out;
    private final StringWriter complained = new StringWriter();
    private String dataset = "";
    private String encoder = "";

    @BeforeEach
    void prepare() throws Exception {
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        TinyPackages packages = new TinyPackages(folder.resolve("packages"));
        List<Emoji> emoji = new EmojiReader(Packages.open(packages.folder(), packages.write())).read();
        HeldOut heldOut = new HeldOut(Set.of("purple heart", "man firefighter: dark skin tone"));
        dataset = folder.resolve("dataset").toString();
        Dataset.of(emoji, Captions.of(emoji), heldOut).write(Path.of(dataset));
        encoder = folder.resolve("encoder").resolve(TrainEncoderCommand.FILE).toString();
    }

    @AfterEach
    void speakAgain() {
        System.setOut(out);
    }

    @Test
    void printsATableForEachSetOfCaptions() throws Exception {
        Path output = folder.resolve("tables.md");
        Path grid = folder.resolve("grid.png");
        assertThat(trainEncoder("2")).as(complained::toString).isZero();
        assertThat(run(
                        "evaluate",
                        "--dataset",
                        dataset,
                        "--encoder",
                        encoder,
                        "--teacher",
                        TEACHER,
                        "--vsd",
                        TEACHER,
                        "--sds",
                        TEACHER,
                        "--steps",
                        "2",
                        "--captions",
                        "2",
                        "--samples",
                        "2",
                        "--seeds",
                        "2",
                        "--threads",
                        "1",
                        "--output",
                        output.toString(),
                        "--grid",
                        grid.toString()))
                .as(complained::toString)
                .isZero();

        assertThat(ImageIO.read(grid.toFile()).getHeight())
                .as("real, two teachers, two students")
                .isGreaterThan(5 * 128);
        String tables = Files.readString(output);
        assertThat(tables.lines().filter(line -> line.startsWith("| ")).map(line -> line.split(" \\| ")[0]))
                .containsExactly(
                        "| 2 held-out captions",
                        "| real pictures",
                        "| real, captions shuffled",
                        "| real, blurred",
                        "| real, noisy",
                        "| teacher, 2 steps",
                        "| teacher, 1 step",
                        "| SDS student",
                        "| VSD student",
                        "| 2 captions of the training",
                        "| real pictures",
                        "| real, captions shuffled",
                        "| real, blurred",
                        "| real, noisy",
                        "| teacher, 2 steps",
                        "| teacher, 1 step",
                        "| SDS student",
                        "| VSD student");
        assertThat(tables)
                .endsWith(
                        "Each row: 2 pictures of every caption, for each of 2 seeds; the teacher's guidance scale is 2.0.\n");
        assertThat(withoutTime(tables, "VSD student"))
                .as("from the same noise")
                .isEqualTo(withoutTime(tables, "SDS student"));
    }

    @Test
    void trainingTheEncoderGoesOnFromItsCheckpoint() {
        assertThat(trainEncoder("2")).isZero();
        assertThat(trainEncoder("2")).as(complained::toString).isZero();
        assertThat(trainEncoder("3")).isEqualTo(1);
        Path checkpoint = Path.of(encoder).resolveSibling("checkpoints/step-00000002");
        assertThat(complained.toString())
                .startsWith("train-encoder: %s is of another training: it has Settings[steps=2, ".formatted(checkpoint))
                .contains(", asked for is Settings[steps=3, ")
                .endsWith("; ask for the same, or begin in another folder%n".formatted());
    }

    @Test
    void refusesTooLittleToCompare() {
        int exit = run("evaluate", "--dataset", dataset, "--encoder", encoder, "--teacher", TEACHER, "--samples", "1");
        assertThat(exit).isEqualTo(2);
        assertThat(complained.toString())
                .isEqualTo("evaluate: there must be at least 2 captions, 2 samples and 1 seed, but were 172, 1 and 3%n"
                        .formatted());
    }

    @Test
    void drawsByAListOfPrompts() throws Exception {
        Path student = folder.resolve("student");
        copy(Path.of(TEACHER), student);
        Files.writeString(student.resolve("swiftbrush.json"), "{\"recipe\": \"swiftbrush\"}");
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a red heart\n\na cat\na dog\n");
        Path grid = folder.resolve("grid.png");
        assertThat(trainEncoder("1")).isZero();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));

        assertThat(run(
                        "draw",
                        "--model",
                        student.toString(),
                        "--prompts",
                        prompts.toString(),
                        "--columns",
                        "3",
                        "--grid",
                        grid.toString(),
                        "--encoder",
                        encoder))
                .as(complained::toString)
                .isZero();

        assertThat(ImageIO.read(grid.toFile()).getWidth()).isGreaterThan(3 * 128);
        assertThat(said.toString(StandardCharsets.UTF_8))
                .containsPattern("\\| a red heart \\| -?[01]\\.\\d\\d \\| [123] \\|")
                .containsPattern("own prompt first for [0-3] of 3, among the first three for 3\\.");
    }

    private static void copy(Path from, Path to) throws Exception {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    private int trainEncoder(String steps) {
        return run(
                "train-encoder",
                "--dataset",
                dataset,
                "--teacher",
                TEACHER,
                "--output",
                folder.resolve("encoder").toString(),
                "--steps",
                steps,
                "--batch-size",
                "4",
                "--threads",
                "1");
    }

    private static List<String> withoutTime(String tables, String row) {
        return tables.lines()
                .filter(line -> line.startsWith("| " + row))
                .map(line -> line.substring(row.length() + 2, line.lastIndexOf(" | ")))
                .toList();
    }

    private int run(String... args) {
        CommandLine line = Miniature.commandLine();
        line.setErr(new PrintWriter(complained, true));
        return line.execute(args);
    }
}
