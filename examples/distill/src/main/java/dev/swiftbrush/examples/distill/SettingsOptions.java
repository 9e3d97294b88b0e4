package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.DistillationSettings.Method;
import dev.swiftbrush.train.LearningRateSchedule;
import dev.swiftbrush.train.objective.Weighting;
import java.util.List;
import picocli.CommandLine.Option;

/** What a distillation learns, in numbers; what is not given has the published value. */
final class SettingsOptions {

    private static final DistillationSettings PUBLISHED = DistillationSettings.published();

    @Option(names = "--method", paramLabel = "NAME", description = "vsd, or sds as the baseline.")
    private Method method = PUBLISHED.method();

    @Option(names = "--steps", paramLabel = "N", description = "Updates of the student.")
    private long steps = PUBLISHED.steps();

    @Option(names = "--batch-size", paramLabel = "N", description = "Samples of one forward pass.")
    private int batchSize = PUBLISHED.batchSize();

    @Option(names = "--accumulation", paramLabel = "N", description = "Forward passes of one step.")
    private int accumulation = PUBLISHED.accumulation();

    @Option(names = "--width", paramLabel = "N", description = "Of the pictures, in pixels.")
    private int width = PUBLISHED.width();

    @Option(names = "--height", paramLabel = "N", description = "Of the pictures, in pixels.")
    private int height = PUBLISHED.height();

    @Option(names = "--guidance", paramLabel = "X", description = "Guidance scale of the teacher.")
    private double guidanceScale = PUBLISHED.guidanceScale();

    @Option(
            names = "--lora-guidance",
            paramLabel = "X",
            description = "Guidance scale of the LoRA teacher; 1 for none.")
    private double loraGuidanceScale = PUBLISHED.loraGuidanceScale();

    @Option(names = "--weighting", paramLabel = "NAME", description = "Of the timesteps: ${COMPLETION-CANDIDATES}.")
    private Weighting weighting = PUBLISHED.weighting();

    @Option(names = "--min-timestep", paramLabel = "N", description = "Least timestep at which the teachers are asked.")
    private int minTimestep = PUBLISHED.minTimestep();

    @Option(
            names = "--max-timestep",
            paramLabel = "N",
            description = "Greatest timestep at which the teachers are asked.")
    private int maxTimestep = PUBLISHED.maxTimestep();

    @Option(
            names = {"--learning-rate", "--lr"},
            paramLabel = "X",
            description = "Of the student.")
    private double studentLearningRate = PUBLISHED.studentLearningRate();

    @Option(
            names = {"--lora-learning-rate", "--lora-lr"},
            paramLabel = "X",
            description = "Of the LoRA teacher.")
    private double loraLearningRate = PUBLISHED.loraLearningRate();

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            description = "Of both learning rates: ${COMPLETION-CANDIDATES}.")
    private LearningRateSchedule schedule = PUBLISHED.schedule();

    @Option(names = "--warmup-steps", paramLabel = "N", description = "Over which both learning rates rise.")
    private long warmupSteps = PUBLISHED.warmupSteps();

    @Option(names = "--gradient-clip", paramLabel = "X", description = "Greatest norm of each network's gradients.")
    private double gradientClip = PUBLISHED.gradientClip();

    @Option(names = "--adam-beta1", paramLabel = "X", description = "Decay of the gradients' mean.")
    private double adamBeta1 = PUBLISHED.adamBeta1();

    @Option(names = "--adam-beta2", paramLabel = "X", description = "Decay of their squares' mean.")
    private double adamBeta2 = PUBLISHED.adamBeta2();

    @Option(names = "--adam-eps", paramLabel = "X", description = "Added to the root of the latter.")
    private double adamEps = PUBLISHED.adamEps();

    @Option(names = "--lora-rank", paramLabel = "N", description = "Of the adapters.")
    private int loraRank = PUBLISHED.loraRank();

    @Option(names = "--lora-alpha", paramLabel = "X", description = "Of the adapters, whose scale is alpha / rank.")
    private double loraAlpha = PUBLISHED.loraAlpha();

    @Option(
            names = "--lora-targets",
            split = ",",
            paramLabel = "NAMES",
            description =
                    "Ends of the names of the layers, linear or convolutions, that get adapters, with commas between.")
    private List<String> loraTargets = PUBLISHED.loraTargets();

    @Option(
            names = "--lora-steps",
            paramLabel = "N",
            description = "Updates of the LoRA teacher for each of the student.")
    private int loraSteps = PUBLISHED.loraSteps();

    @Option(
            names = "--empty-prompts",
            paramLabel = "X",
            description = "Share of the LoRA teacher's samples with the empty prompt.")
    private double emptyPromptProbability = PUBLISHED.emptyPromptProbability();

    @Option(names = "--ema-decay", paramLabel = "X", description = "Decay of the student's average; 0 keeps none.")
    private double emaDecay = PUBLISHED.emaDecay();

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random.")
    private long seed = PUBLISHED.seed();

    DistillationSettings settings() {
        return DistillationSettings.builder()
                .method(method)
                .steps(steps)
                .batchSize(batchSize)
                .accumulation(accumulation)
                .width(width)
                .height(height)
                .guidanceScale(guidanceScale)
                .loraGuidanceScale(loraGuidanceScale)
                .weighting(weighting)
                .minTimestep(minTimestep)
                .maxTimestep(maxTimestep)
                .studentLearningRate(studentLearningRate)
                .loraLearningRate(loraLearningRate)
                .schedule(schedule)
                .warmupSteps(warmupSteps)
                .gradientClip(gradientClip)
                .adamBeta1(adamBeta1)
                .adamBeta2(adamBeta2)
                .adamEps(adamEps)
                .loraRank(loraRank)
                .loraAlpha(loraAlpha)
                .loraTargets(loraTargets)
                .loraSteps(loraSteps)
                .emptyPromptProbability(emptyPromptProbability)
                .emaDecay(emaDecay)
                .seed(seed)
                .build();
    }
}
