package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.LearningRateSchedule;
import dev.swiftbrush.train.PretrainingSettings;
import picocli.CommandLine.Option;

/** What a network learns from pictures, in numbers; what is not given has the command's default. */
final class PretrainingOptions {

    @Option(names = "--steps", paramLabel = "N", description = "Updates of the network.")
    private long steps;

    @Option(names = "--batch-size", paramLabel = "N", description = "Samples of one forward pass.")
    private int batchSize;

    @Option(names = "--accumulation", paramLabel = "N", description = "Forward passes of one step.")
    private int accumulation;

    @Option(names = "--width", paramLabel = "N", description = "To which pictures are scaled, in pixels.")
    private int width;

    @Option(names = "--height", paramLabel = "N", description = "To which pictures are scaled, in pixels.")
    private int height;

    @Option(
            names = {"--learning-rate", "--lr"},
            paramLabel = "X",
            description = "Of the network.")
    private double learningRate;

    @Option(names = "--schedule", paramLabel = "NAME", description = "Of it: ${COMPLETION-CANDIDATES}.")
    private LearningRateSchedule schedule;

    @Option(names = "--warmup-steps", paramLabel = "N", description = "Over which it rises.")
    private long warmupSteps;

    @Option(names = "--gradient-clip", paramLabel = "X", description = "Greatest norm of the gradients.")
    private double gradientClip;

    @Option(names = "--adam-beta1", paramLabel = "X", description = "Decay of the gradients' mean.")
    private double adamBeta1;

    @Option(names = "--adam-beta2", paramLabel = "X", description = "Decay of their squares' mean.")
    private double adamBeta2;

    @Option(names = "--adam-eps", paramLabel = "X", description = "Added to the root of the latter.")
    private double adamEps;

    @Option(names = "--ema-decay", paramLabel = "X", description = "Decay of the network's average; 0 keeps none.")
    private double emaDecay;

    @Option(
            names = "--l1-weight",
            paramLabel = "X",
            description = "Of the mean absolute error in the loss between pictures.")
    private double l1Weight;

    @Option(
            names = "--mse-weight",
            paramLabel = "X",
            description = "Of the mean squared error in the loss between pictures.")
    private double mseWeight;

    @Option(
            names = "--edge-weight",
            paramLabel = "X",
            description = "Of the error of edges in the loss between pictures.")
    private double edgeWeight;

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random.")
    private long seed;

    PretrainingOptions(PretrainingSettings defaults) {
        this.steps = defaults.steps();
        this.batchSize = defaults.batchSize();
        this.accumulation = defaults.accumulation();
        this.width = defaults.width();
        this.height = defaults.height();
        this.learningRate = defaults.learningRate();
        this.schedule = defaults.schedule();
        this.warmupSteps = defaults.warmupSteps();
        this.gradientClip = defaults.gradientClip();
        this.adamBeta1 = defaults.adamBeta1();
        this.adamBeta2 = defaults.adamBeta2();
        this.adamEps = defaults.adamEps();
        this.emaDecay = defaults.emaDecay();
        this.l1Weight = defaults.l1Weight();
        this.mseWeight = defaults.mseWeight();
        this.edgeWeight = defaults.edgeWeight();
        this.seed = defaults.seed();
    }

    PretrainingSettings.Builder settings() {
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
                .l1Weight(l1Weight)
                .mseWeight(mseWeight)
                .edgeWeight(edgeWeight)
                .seed(seed);
    }
}
