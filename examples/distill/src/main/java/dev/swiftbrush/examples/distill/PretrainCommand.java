package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.LearningRateSchedule;
import dev.swiftbrush.train.Pretraining;
import dev.swiftbrush.train.PretrainingSettings;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a part of a multi-step checkpoint on pictures; ctrl-C saves the run, and {@code --resume} goes on with it. */
@Command(name = "pretrain", description = "Trains the autoencoder or the UNet of a checkpoint on captioned pictures.")
final class PretrainCommand implements Callable<Integer>, Distill.Training {

    private static final PretrainingSettings DEFAULTS =
            PretrainingSettings.builder().build();

    @Option(
            names = "--network",
            required = true,
            paramLabel = "NAME",
            description = "What is trained: ${COMPLETION-CANDIDATES}. The autoencoder comes first.")
    private Pretraining.Network network;

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "FOLDER",
            description = "Where training starts: a checkpoint in diffusers layout, such as new-checkpoint makes.")
    private Path checkpoint;

    @Option(
            names = "--images",
            required = true,
            paramLabel = "FOLDER",
            description = "Pictures, and their captions in metadata.jsonl.")
    private Path images;

    @Mixin
    private RunOptions run = new RunOptions();

    @Option(
            names = "--embeddings",
            paramLabel = "FOLDER",
            description = "Where encoded captions are kept, for several runs.")
    private @Nullable Path embeddings;

    @Option(names = "--steps", paramLabel = "N", description = "Updates of the network.")
    private long steps = DEFAULTS.steps();

    @Option(names = "--batch-size", paramLabel = "N", description = "Samples of one forward pass.")
    private int batchSize = DEFAULTS.batchSize();

    @Option(names = "--accumulation", paramLabel = "N", description = "Forward passes of one step.")
    private int accumulation = DEFAULTS.accumulation();

    @Option(names = "--width", paramLabel = "N", description = "To which pictures are scaled, in pixels.")
    private int width = DEFAULTS.width();

    @Option(names = "--height", paramLabel = "N", description = "To which pictures are scaled, in pixels.")
    private int height = DEFAULTS.height();

    @Option(
            names = {"--learning-rate", "--lr"},
            paramLabel = "X",
            description = "Of the network.")
    private double learningRate = DEFAULTS.learningRate();

    @Option(names = "--schedule", paramLabel = "NAME", description = "Of it: ${COMPLETION-CANDIDATES}.")
    private LearningRateSchedule schedule = DEFAULTS.schedule();

    @Option(names = "--warmup-steps", paramLabel = "N", description = "Over which it rises.")
    private long warmupSteps = DEFAULTS.warmupSteps();

    @Option(names = "--gradient-clip", paramLabel = "X", description = "Greatest norm of the gradients.")
    private double gradientClip = DEFAULTS.gradientClip();

    @Option(names = "--adam-beta1", paramLabel = "X", description = "Decay of the gradients' mean.")
    private double adamBeta1 = DEFAULTS.adamBeta1();

    @Option(names = "--adam-beta2", paramLabel = "X", description = "Decay of their squares' mean.")
    private double adamBeta2 = DEFAULTS.adamBeta2();

    @Option(names = "--adam-eps", paramLabel = "X", description = "Added to the root of the latter.")
    private double adamEps = DEFAULTS.adamEps();

    @Option(names = "--ema-decay", paramLabel = "X", description = "Decay of the network's average; 0 keeps none.")
    private double emaDecay = DEFAULTS.emaDecay();

    @Option(
            names = "--empty-prompts",
            paramLabel = "X",
            description = "Share of the samples that a UNet learns under the empty prompt.")
    private double emptyPromptProbability = DEFAULTS.emptyPromptProbability();

    @Option(
            names = "--l1-weight",
            paramLabel = "X",
            description = "Of the mean absolute error in an autoencoder's loss.")
    private double l1Weight = DEFAULTS.l1Weight();

    @Option(
            names = "--mse-weight",
            paramLabel = "X",
            description = "Of the mean squared error in an autoencoder's loss.")
    private double mseWeight = DEFAULTS.mseWeight();

    @Option(names = "--edge-weight", paramLabel = "X", description = "Of the error of edges in an autoencoder's loss.")
    private double edgeWeight = DEFAULTS.edgeWeight();

    @Option(
            names = "--kl-weight",
            paramLabel = "X",
            description = "Of the latents' divergence from normal ones in an autoencoder's loss.")
    private double klWeight = DEFAULTS.klWeight();

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random.")
    private long seed = DEFAULTS.seed();

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    PretrainCommand() {}

    @Override
    public Integer call() {
        Pretraining.Builder pretraining = run.tell(Pretraining.builder())
                .network(network)
                .checkpoint(checkpoint)
                .images(images)
                .settings(settings());
        if (embeddings != null) {
            pretraining.embeddings(embeddings);
        }
        return Trainings.run(
                "pretrain", pretraining, training -> training.build().run());
    }

    private PretrainingSettings settings() {
        return PretrainingSettings.builder()
                .steps(steps)
                .batchSize(batchSize)
                .accumulation(accumulation)
                .width(width)
                .height(height)
                .learningRate(learningRate)
                .schedule(schedule)
                .warmupSteps(warmupSteps)
                .gradientClip(gradientClip)
                .adamBeta1(adamBeta1)
                .adamBeta2(adamBeta2)
                .adamEps(adamEps)
                .emaDecay(emaDecay)
                .emptyPromptProbability(emptyPromptProbability)
                .l1Weight(l1Weight)
                .mseWeight(mseWeight)
                .edgeWeight(edgeWeight)
                .klWeight(klWeight)
                .seed(seed)
                .build();
    }
}
