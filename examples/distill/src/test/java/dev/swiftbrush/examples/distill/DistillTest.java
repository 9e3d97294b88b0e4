package dev.swiftbrush.examples.distill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.DistillationSettings.Method;
import dev.swiftbrush.train.LearningRateSchedule;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(180)
class DistillTest {

    private static final String TEACHER = "../../swiftbrush-runtime/src/test/resources/reference/sd2";

    @TempDir
    Path folder;

    private final PrintStream out = System.out;
    private final PrintStream err = System.err;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final ByteArrayOutputStream complained = new ByteArrayOutputStream();

    @BeforeEach
    void listen() {
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void stopListening() {
        System.setOut(out);
        System.setErr(err);
    }

    @Test
    void trainsANewCheckpoint() throws Exception {
        Path images = Files.createDirectory(folder.resolve("images"));
        ImageIO.write(
                new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB),
                "png",
                images.resolve("black.png").toFile());
        Files.writeString(images.resolve("metadata.jsonl"), "{\"file_name\": \"black.png\", \"text\": \"night\"}\n");
        Path start = folder.resolve("start");
        Path run = folder.resolve("unet");

        assertThat(Distill.start("new-checkpoint", "--design", TEACHER, "--output", start.toString()))
                .as(this::log)
                .isZero();
        Process pretraining = shell(
                "pretrain",
                "--network",
                "unet",
                "--checkpoint",
                start.toString(),
                "--images",
                images.toString(),
                "--output",
                run.toString(),
                "--steps",
                "2",
                "--batch-size",
                "2",
                "--width",
                "64",
                "--height",
                "64",
                "--sample-every",
                "0");
        assertThat(pretraining.waitFor()).as(this::log).isZero();

        assertThat(written("out")).contains("finished after step 2: " + run.resolve("checkpoint"));
        assertThat(run.resolve("checkpoint/unet/diffusion_pytorch_model.safetensors"))
                .exists();
    }

    /** The whole way; the JVM that is started lacks the flags of libtorch and starts another. */
    @Test
    void distilsAStudentAndDrawsWithIt() throws Exception {
        Path run = folder.resolve("run");
        assertThat(shell(distil("2", "--sample-every", "1", "--draw", "a red heart"))
                        .waitFor())
                .as(this::log)
                .isZero();
        assertThat(written("out").lines())
                .map(line -> line.replace(run.toString(), "RUN").replace(File.separatorChar, '/'))
                .map(line -> line.replaceAll("(ETA|took|/student|/lora) [^,]+", "$1 #"))
                .map(line ->
                        line.replaceAll("[\\d.,]+ (samples/s|[MG]B)", "# $1").replace("GB", "MB"))
                .containsExactly(
                        "encoding prompts: 3 of 3",
                        "samples of step 0: RUN/samples/step-00000000.png",
                        "step 1 of 2 (50.0%), ETA #, loss/student #, loss/lora #, # samples/s, # MB",
                        "samples of step 1: RUN/samples/step-00000001.png",
                        "step 2 of 2 (100.0%), took #, loss/student #, loss/lora #, # samples/s, # MB",
                        "checkpoint of step 2: RUN/checkpoints/step-00000002",
                        "samples of step 2: RUN/samples/step-00000002.png",
                        "finished after step 2: RUN/student",
                        "a red heart: RUN/drawn-0.png");
        assertThat(ImageIO.read(run.resolve("drawn-0.png").toFile()).getWidth()).isEqualTo(64);
        assertThat(run.resolve("student/unet/config.json")).exists();
        assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(2);
        assertThat(run.resolve("report.html")).content().contains("Finished");

        Path picture = folder.resolve("samples.png");
        assertThat(Distill.start(
                        "sample",
                        "--student",
                        run.resolve("student").toString(),
                        "--out",
                        picture.toString(),
                        "--count",
                        "2",
                        "--width",
                        "64",
                        "--height",
                        "64",
                        "--device",
                        "cpu",
                        "a cat",
                        "a dog"))
                .isZero();
        BufferedImage image = ImageIO.read(picture.toFile());
        assertThat(image.getWidth()).isEqualTo(8 + 2 * (64 + 8));
        assertThat(said()).isEqualTo(picture + "\n");

        assertThat(Distill.start("report", run.toString())).isZero();
        assertThat(said()).endsWith(run.resolve("report.html") + "\n");

        Path file = folder.resolve("mine.zip");
        assertThat(Distill.start("pack", "--model", run.resolve("student").toString(), "--output", file.toString()))
                .isZero();
        assertThat(said()).endsWith(file + "\n");
        assertThat(file).isNotEmptyFile();
    }

    @Test
    @DisabledOnOs(OS.WINDOWS) // where nothing asks a process to end
    void savesARunThatIsAskedToEndAndGoesOnWithIt() throws Exception {
        Process process = shell(distil("100000", "--sample-every", "0"));
        Path metrics = folder.resolve("run/metrics.jsonl");
        while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < 2) {
            assertThat(process.isAlive()).as(this::log).isTrue();
            Thread.sleep(50);
        }
        process.destroy();

        assertThat(process.waitFor()).isEqualTo(143);
        long steps = Files.readAllLines(metrics).size();
        assertThat(written("err"))
                .contains(
                        "distil: interrupted after step %d of 100000, which was saved; go on with the same options and --resume\n"
                                .formatted(steps));
        assertThat(folder.resolve("run/checkpoints/step-%08d".formatted(steps))).isDirectory();

        assertThat(shell(distil(Long.toString(steps + 2), "--sample-every", "0", "--resume"))
                        .waitFor())
                .as(this::log)
                .isZero();
        assertThat(Files.readAllLines(metrics)).hasSize((int) steps + 2);
    }

    @Test
    void encodesPromptsForSeveralRuns() throws IOException {
        Path store = folder.resolve("embeddings");
        assertThat(Distill.start("embed", "--teacher", TEACHER, "--prompts", prompts(), "--output", store.toString()))
                .isZero();

        assertThat(said()).contains("encoding prompts: 3 of 3\n", "3 prompts are in " + store + "\n");
        assertThat(store).isNotEmptyDirectory();
    }

    @Test
    void saysWhatIsWrong() {
        assertThat(Distill.start("report", folder.toString())).isEqualTo(1);
        assertThat(complained())
                .isEqualTo("report: %s holds neither metrics.jsonl nor events.jsonl; is it the folder of a run?\n"
                        .formatted(folder));
    }

    @Test
    void saysWhichOptionIsWrong() {
        assertThat(Distill.start("distil", "--teacher", "t")).isEqualTo(2);
        assertThat(complained())
                .isEqualTo(
                        "Missing required options: '--prompts=FILE', '--output=FOLDER'\nTry: swiftbrush-train distil --help\n");

        complained.reset();
        assertThat(Distill.start("embed", "--device", "tpu")).isEqualTo(2);
        assertThat(complained())
                .startsWith(
                        "Invalid value for option '--device': must be auto, cpu, cuda or the number of a GPU as in cuda:1, but was tpu\n");
    }

    @Test
    void saysWhichSettingIsWrong() throws Exception {
        assertThat(shell(distil("2", "--warmup-steps", "3")).waitFor()).isEqualTo(2);
        assertThat(written("err")).isEqualTo("distil: warmupSteps must be between 0 and the 2 steps, but was 3\n");
    }

    @Test
    void refusesAHeapThatHasNoSize() throws IOException {
        assertThat(Distill.start(distil("1", "--max-heap", "much"))).isEqualTo(2);
        assertThat(complained()).isEqualTo("distil: maxHeap must look like 4g or 512m, but was much\n");
    }

    @Test
    void helpsWithThePublishedValuesAndStartsNoJvmForIt() {
        assertThat(Distill.start("distil", "--help")).isZero();
        assertThat(said()).contains("--steps=N", "Default: 60000", "Default: 1.0E-6", "Default: [to_q, to_v]");

        said.reset();
        assertThat(Distill.start()).isZero();
        assertThat(complained()).contains("distil, distill", "embed", "sample", "report");
    }

    @Test
    void takesSettingsInPlaceOfThePublishedOnes() {
        SettingsOptions options = new SettingsOptions();
        assertThat(options.settings()).isEqualTo(DistillationSettings.published());

        CommandLine line = new CommandLine(options).setCaseInsensitiveEnumValuesAllowed(true);
        line.parseArgs("--lora-targets", "to_k,to_out.0", "--lr", "3e-6", "--method=sds", "--schedule", "cosine");
        DistillationSettings settings = options.settings();
        assertThat(settings.loraTargets()).containsExactly("to_k", "to_out.0");
        assertThat(settings.studentLearningRate()).isEqualTo(3e-6);
        assertThat(settings.method()).isEqualTo(Method.SDS);
        assertThat(settings.schedule()).isEqualTo(LearningRateSchedule.COSINE);
        assertThat(settings.steps()).isEqualTo(DistillationSettings.published().steps());
    }

    @Test
    void tellsItsVersion() {
        assertThat(Distill.start("--version")).isZero();
        assertThat(said()).isEqualTo("SwiftBrush " + SwiftBrush.version() + "\n");
    }

    private String[] distil(String steps, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("distil", "--teacher", TEACHER, "--prompts", prompts()));
        arguments.addAll(List.of("--output", folder.resolve("run").toString(), "--steps", steps, "--device", "cpu"));
        arguments.addAll(List.of("--width", "64", "--height", "64", "--batch-size", "2", "--accumulation", "1"));
        arguments.addAll(List.of("--lora-rank", "4", "--threads", "1"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private String prompts() throws IOException {
        return Files.writeString(folder.resolve("prompts.txt"), "a cat\na dog\na red bird\n")
                .toString();
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private String complained() {
        return complained.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    /** As from a shell, with what it writes in two files. */
    private Process shell(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Distill.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
    }

    private String log() {
        return written("out") + written("err");
    }

    private String written(String file) {
        try {
            return Files.readString(folder.resolve(file)).replace(System.lineSeparator(), "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
