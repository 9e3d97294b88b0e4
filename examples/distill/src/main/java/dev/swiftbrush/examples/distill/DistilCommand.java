package dev.swiftbrush.examples.distill;

import dev.swiftbrush.Device;
import dev.swiftbrush.train.Distillation;
import dev.swiftbrush.train.Precision;
import dev.swiftbrush.train.report.ConsoleProgress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Distils a teacher; ctrl-C saves the run, and {@code --resume} goes on with it. */
@Command(
        name = "distil",
        aliases = "distill",
        description = "Distils a teacher into a one-step student, from prompts alone.")
final class DistilCommand implements Callable<Integer>, Distill.Training {

    @Option(
            names = "--teacher",
            required = true,
            paramLabel = "FOLDER",
            description = "A Stable Diffusion checkpoint in diffusers layout with safetensors.")
    private Path teacher;

    @Option(
            names = "--prompts",
            required = true,
            paramLabel = "FILE",
            description = "A UTF-8 text file with a prompt on every line.")
    private Path prompts;

    @Option(names = "--output", required = true, paramLabel = "FOLDER", description = "The folder of the run.")
    private Path output;

    @Option(names = "--resume", description = "Go on with the run in that folder.")
    private boolean resume;

    @Mixin
    private SettingsOptions settings = new SettingsOptions();

    @Option(
            names = "--device",
            converter = Devices.class,
            paramLabel = "NAME",
            description = "auto, cpu, cuda, or one of several GPUs as cuda:1.")
    private Device device = Device.auto();

    @Option(names = "--threads", paramLabel = "N", description = "That libtorch computes with on the CPU.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            description = "What networks compute in: ${COMPLETION-CANDIDATES}.")
    private Precision precision = Precision.F32;

    @Option(names = "--gradient-checkpointing", description = "Compute blocks twice to save memory.")
    private boolean gradientCheckpointing;

    @Option(names = "--ema-on-cpu", description = "Keep the student's average in the CPU's memory.")
    private boolean averageOnCpu;

    @Option(
            names = "--embeddings",
            paramLabel = "FOLDER",
            description = "Where encoded prompts are kept, for several runs.")
    private @Nullable Path embeddings;

    @Option(names = "--encode-on-the-fly", description = "Keep no encoded prompts, but encode them whenever needed.")
    private boolean encodeOnTheFly;

    @Option(names = "--checkpoint-every", paramLabel = "STEPS", description = "0 for one checkpoint at the end alone.")
    private long checkpointEvery = 500;

    @Option(names = "--keep-checkpoints", paramLabel = "COUNT", description = "How many checkpoints stay.")
    private int keepCheckpoints = 2;

    @Option(names = "--sample-every", paramLabel = "STEPS", description = "0 for no sample pictures.")
    private long sampleEvery = 500;

    @Option(
            names = "--sample-prompt",
            paramLabel = "PROMPT",
            description = "What a sample picture shows; may be repeated. The first eight prompts if left out.",
            showDefaultValue = Help.Visibility.NEVER)
    private List<String> samplePrompts = List.of();

    @Option(names = "--export-last", description = "Export the student as it is at the end, not its average.")
    private boolean exportLast;

    @Option(names = "--export-half", description = "Export weights in half precision.")
    private boolean exportHalf;

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    DistilCommand() {}

    @Override
    public Integer call() {
        Distillation.Builder distillation = Distillation.builder()
                .teacher(teacher)
                .prompts(prompts)
                .output(output)
                .resume(resume)
                .settings(settings.settings())
                .device(device)
                .threads(threads)
                .precision(precision)
                .gradientCheckpointing(gradientCheckpointing)
                .averageOnCpu(averageOnCpu)
                .encodeOnTheFly(encodeOnTheFly)
                .checkpoints(checkpointEvery, keepCheckpoints)
                .sampleEvery(sampleEvery)
                .samplePrompts(samplePrompts)
                .exportAverage(!exportLast)
                .exportHalf(exportHalf);
        if (embeddings != null) {
            distillation.embeddings(embeddings);
        }
        try (GracefulStop stop = new GracefulStop()) {
            return run(distillation.listener(stop));
        }
    }

    /** Says how to go on before the process, which {@link GracefulStop} holds up, is gone. */
    private static int run(Distillation.Builder distillation) {
        try (ConsoleProgress progress = ConsoleProgress.on(System.out)) {
            distillation.listener(progress).build().run();
            return CommandLine.ExitCode.OK;
        } catch (InterruptedException e) {
            System.err.println("distil: " + e.getMessage() + "; go on with the same options and --resume");
            return CommandLine.ExitCode.SOFTWARE;
        }
    }
}
