package dev.swiftbrush.examples.distill;

import dev.swiftbrush.Device;
import dev.swiftbrush.train.Precision;
import dev.swiftbrush.train.TrainingBuilder;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What every kind of training is told. */
final class RunOptions {

    @Option(names = "--output", required = true, paramLabel = "FOLDER", description = "The folder of the run.")
    private Path output;

    @Option(names = "--resume", description = "Go on with the run in that folder.")
    private boolean resume;

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

    @Option(names = "--ema-on-cpu", description = "Keep the average of weights in the CPU's memory.")
    private boolean averageOnCpu;

    @Option(names = "--deterministic", description = "Only compute in ways that give the same bits on a GPU, too.")
    private boolean deterministic;

    @Option(names = "--checkpoint-every", paramLabel = "STEPS", description = "0 for one checkpoint at the end alone.")
    private long checkpointEvery = 500;

    @Option(names = "--keep-checkpoints", paramLabel = "COUNT", description = "How many checkpoints stay.")
    private int keepCheckpoints = 2;

    @Option(names = "--sample-every", paramLabel = "STEPS", description = "0 for no sample pictures.")
    private long sampleEvery = 500;

    @Option(names = "--export-last", description = "Export the weights as they are at the end, not their average.")
    private boolean exportLast;

    @Option(names = "--export-half", description = "Export weights in half precision.")
    private boolean exportHalf;

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    RunOptions() {}

    <B extends TrainingBuilder<B>> B tell(B training) {
        return training.output(output)
                .resume(resume)
                .device(device)
                .threads(threads)
                .precision(precision)
                .gradientCheckpointing(gradientCheckpointing)
                .averageOnCpu(averageOnCpu)
                .deterministic(deterministic)
                .checkpoints(checkpointEvery, keepCheckpoints)
                .sampleEvery(sampleEvery)
                .exportAverage(!exportLast)
                .exportHalf(exportHalf);
    }
}
