package dev.swiftbrush.train;

import dev.swiftbrush.train.objective.Weighting;
import java.util.List;

/**
 * Everything that decides what a distillation learns, as far as numbers go. {@link #published()} has the values of the paper
 * and its released recipe, which {@link #builder()} starts from.
 *
 * @param method the objective
 * @param steps updates of the student
 * @param batchSize samples of one forward pass
 * @param accumulation forward passes of one step, whose gradients are averaged
 * @param width of the pictures, in pixels
 * @param height of the pictures, in pixels
 * @param guidanceScale of the teacher
 * @param loraGuidanceScale of the LoRA teacher; 1 leaves it unguided
 * @param weighting of the timesteps
 * @param minTimestep least timestep at which the teachers are asked
 * @param maxTimestep greatest timestep at which they are asked
 * @param studentLearningRate after the warm-up
 * @param loraLearningRate after the warm-up
 * @param schedule how both learning rates go on
 * @param warmupSteps over which both rise
 * @param gradientClip greatest norm of each network's gradients
 * @param adamBeta1 decay of the gradients' mean
 * @param adamBeta2 decay of their squares' mean
 * @param adamEps added to the root of the latter
 * @param loraRank of the adapters
 * @param loraAlpha of the adapters, whose scale is alpha / rank
 * @param loraTargets ends of the names of the layers, linear or convolutions, that get adapters
 * @param loraSteps updates of the LoRA teacher for each of the student
 * @param emptyPromptProbability with which the LoRA teacher learns a sample under the empty prompt
 * @param emaDecay of the student's average; 0 keeps none
 * @param seed of everything random
 * @see <a href="https://arxiv.org/abs/2312.05239">SwiftBrush</a>, section 4.1
 */
public record DistillationSettings(
        Method method,
        long steps,
        int batchSize,
        int accumulation,
        int width,
        int height,
        double guidanceScale,
        double loraGuidanceScale,
        Weighting weighting,
        int minTimestep,
        int maxTimestep,
        double studentLearningRate,
        double loraLearningRate,
        LearningRateSchedule schedule,
        long warmupSteps,
        double gradientClip,
        double adamBeta1,
        double adamBeta2,
        double adamEps,
        int loraRank,
        double loraAlpha,
        List<String> loraTargets,
        int loraSteps,
        double emptyPromptProbability,
        double emaDecay,
        long seed) {

    /** What a student learns from. */
    public enum Method {
        /** Variational score distillation. */
        VSD,
        /** Score distillation sampling, the baseline. */
        SDS
    }

    /** @throws IllegalArgumentException if a value is out of its range, or two contradict each other */
    public DistillationSettings {
        loraTargets = List.copyOf(loraTargets);
        Require.that(steps >= 1, "steps must be at least 1, but was %d", steps);
        Require.that(batchSize >= 1, "batchSize must be at least 1, but was %d", batchSize);
        Require.that(accumulation >= 1, "accumulation must be at least 1, but was %d", accumulation);
        Require.that(width >= 1 && height >= 1, "width and height must be positive, but were %d and %d", width, height);
        Require.that(
                guidanceScale >= 0 && guidanceScale < Double.POSITIVE_INFINITY,
                "guidanceScale must be at least 0, but was %s",
                guidanceScale);
        Require.that(
                loraGuidanceScale >= 0 && loraGuidanceScale < Double.POSITIVE_INFINITY,
                "loraGuidanceScale must be at least 0, but was %s",
                loraGuidanceScale);
        Require.that(
                minTimestep >= 0 && minTimestep <= maxTimestep,
                "0 <= minTimestep <= maxTimestep must hold, but they were %d and %d",
                minTimestep,
                maxTimestep);
        Require.that(
                Require.isRate(studentLearningRate),
                "studentLearningRate must be above 0, but was %s",
                studentLearningRate);
        Require.that(
                Require.isRate(loraLearningRate), "loraLearningRate must be above 0, but was %s", loraLearningRate);
        Require.that(
                warmupSteps >= 0 && warmupSteps <= steps,
                "warmupSteps must be between 0 and the %d steps, but was %d",
                steps,
                warmupSteps);
        Require.that(gradientClip > 0, "gradientClip must be above 0, but was %s", gradientClip);
        Require.that(
                Require.isShare(adamBeta1) && Require.isShare(adamBeta2),
                "Adam's betas must be at least 0 and less than 1, but were %s and %s",
                adamBeta1,
                adamBeta2);
        Require.that(Require.isRate(adamEps), "adamEps must be above 0, but was %s", adamEps);
        Require.that(loraRank >= 1, "loraRank must be at least 1, but was %d", loraRank);
        Require.that(Require.isRate(loraAlpha), "loraAlpha must be above 0, but was %s", loraAlpha);
        Require.that(method == Method.SDS || !loraTargets.isEmpty(), "VSD needs adapters, but loraTargets is empty");
        Require.that(loraSteps >= 1, "loraSteps must be at least 1, but was %d", loraSteps);
        Require.that(
                emptyPromptProbability >= 0 && emptyPromptProbability <= 1,
                "emptyPromptProbability must be between 0 and 1, but was %s",
                emptyPromptProbability);
        Require.that(Require.isShare(emaDecay), "emaDecay must be at least 0 and less than 1, but was %s", emaDecay);
    }

    /** The published values: steps of 64 samples, of which a GPU takes 16 at a time. */
    public static DistillationSettings published() {
        return builder().build();
    }

    /** Starts from the published values. */
    public static Builder builder() {
        return new Builder();
    }

    /** The samples of one step. */
    public int samplesPerStep() {
        return Math.multiplyExact(batchSize, accumulation);
    }

    /** Collects settings; what is not set has its published value. */
    public static final class Builder {
        private Method method = Method.VSD;
        private long steps = 60_000;
        private int batchSize = 16;
        private int accumulation = 4;
        private int width = 512;
        private int height = 512;
        private double guidanceScale = 4.5;
        private double loraGuidanceScale = 4.5;
        private Weighting weighting = Weighting.SIGMA_SQUARED;
        private int minTimestep = 20;
        private int maxTimestep = 980;
        private double studentLearningRate = 1e-6;
        private double loraLearningRate = 1e-3;
        private LearningRateSchedule schedule = LearningRateSchedule.CONSTANT;
        private long warmupSteps = 0;
        private double gradientClip = 1.0;
        private double adamBeta1 = 0.9;
        private double adamBeta2 = 0.999;
        private double adamEps = 1e-8;
        private int loraRank = 64;
        private double loraAlpha = 108;
        private List<String> loraTargets = List.of("to_q", "to_v");
        private int loraSteps = 1;
        private double emptyPromptProbability = 0.1;
        private double emaDecay = 0.9999;
        private long seed = 0;

        private Builder() {}

        /** See {@link DistillationSettings#method()}; published: VSD. */
        public Builder method(Method method) {
            this.method = method;
            return this;
        }

        /** See {@link DistillationSettings#steps()}; published: 60,000. */
        public Builder steps(long steps) {
            this.steps = steps;
            return this;
        }

        /** See {@link DistillationSettings#batchSize()}; published: 16. */
        public Builder batchSize(int batchSize) {
            this.batchSize = batchSize;
            return this;
        }

        /** See {@link DistillationSettings#accumulation()}; published: 4. */
        public Builder accumulation(int accumulation) {
            this.accumulation = accumulation;
            return this;
        }

        /** See {@link DistillationSettings#width()}; published: 512. */
        public Builder width(int width) {
            this.width = width;
            return this;
        }

        /** See {@link DistillationSettings#height()}; published: 512. */
        public Builder height(int height) {
            this.height = height;
            return this;
        }

        /** See {@link DistillationSettings#guidanceScale()}; published: 4.5. */
        public Builder guidanceScale(double guidanceScale) {
            this.guidanceScale = guidanceScale;
            return this;
        }

        /** See {@link DistillationSettings#loraGuidanceScale()}; published: 4.5. */
        public Builder loraGuidanceScale(double loraGuidanceScale) {
            this.loraGuidanceScale = loraGuidanceScale;
            return this;
        }

        /** See {@link DistillationSettings#weighting()}; published: SIGMA_SQUARED. */
        public Builder weighting(Weighting weighting) {
            this.weighting = weighting;
            return this;
        }

        /** See {@link DistillationSettings#minTimestep()}; published: 20. */
        public Builder minTimestep(int minTimestep) {
            this.minTimestep = minTimestep;
            return this;
        }

        /** See {@link DistillationSettings#maxTimestep()}; published: 980. */
        public Builder maxTimestep(int maxTimestep) {
            this.maxTimestep = maxTimestep;
            return this;
        }

        /** See {@link DistillationSettings#studentLearningRate()}; published: 1e-6. */
        public Builder studentLearningRate(double studentLearningRate) {
            this.studentLearningRate = studentLearningRate;
            return this;
        }

        /** See {@link DistillationSettings#loraLearningRate()}; published: 1e-3. */
        public Builder loraLearningRate(double loraLearningRate) {
            this.loraLearningRate = loraLearningRate;
            return this;
        }

        /** See {@link DistillationSettings#schedule()}; published: CONSTANT. */
        public Builder schedule(LearningRateSchedule schedule) {
            this.schedule = schedule;
            return this;
        }

        /** See {@link DistillationSettings#warmupSteps()}; published: 0. */
        public Builder warmupSteps(long warmupSteps) {
            this.warmupSteps = warmupSteps;
            return this;
        }

        /** See {@link DistillationSettings#gradientClip()}; published: 1.0. */
        public Builder gradientClip(double gradientClip) {
            this.gradientClip = gradientClip;
            return this;
        }

        /** See {@link DistillationSettings#adamBeta1()}; published: 0.9. */
        public Builder adamBeta1(double adamBeta1) {
            this.adamBeta1 = adamBeta1;
            return this;
        }

        /** See {@link DistillationSettings#adamBeta2()}; published: 0.999. */
        public Builder adamBeta2(double adamBeta2) {
            this.adamBeta2 = adamBeta2;
            return this;
        }

        /** See {@link DistillationSettings#adamEps()}; published: 1e-8. */
        public Builder adamEps(double adamEps) {
            this.adamEps = adamEps;
            return this;
        }

        /** See {@link DistillationSettings#loraRank()}; published: 64. */
        public Builder loraRank(int loraRank) {
            this.loraRank = loraRank;
            return this;
        }

        /** See {@link DistillationSettings#loraAlpha()}; published: 108. */
        public Builder loraAlpha(double loraAlpha) {
            this.loraAlpha = loraAlpha;
            return this;
        }

        /** See {@link DistillationSettings#loraTargets()}; published: to_q and to_v. */
        public Builder loraTargets(List<String> loraTargets) {
            this.loraTargets = loraTargets;
            return this;
        }

        /** See {@link DistillationSettings#loraSteps()}; published: 1. */
        public Builder loraSteps(int loraSteps) {
            this.loraSteps = loraSteps;
            return this;
        }

        /** See {@link DistillationSettings#emptyPromptProbability()}; published: 0.1. */
        public Builder emptyPromptProbability(double emptyPromptProbability) {
            this.emptyPromptProbability = emptyPromptProbability;
            return this;
        }

        /** See {@link DistillationSettings#emaDecay()}; published: 0.9999. */
        public Builder emaDecay(double emaDecay) {
            this.emaDecay = emaDecay;
            return this;
        }

        /** See {@link DistillationSettings#seed()}; published: 0. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** @throws IllegalArgumentException as {@link DistillationSettings} says */
        public DistillationSettings build() {
            return new DistillationSettings(
                    method,
                    steps,
                    batchSize,
                    accumulation,
                    width,
                    height,
                    guidanceScale,
                    loraGuidanceScale,
                    weighting,
                    minTimestep,
                    maxTimestep,
                    studentLearningRate,
                    loraLearningRate,
                    schedule,
                    warmupSteps,
                    gradientClip,
                    adamBeta1,
                    adamBeta2,
                    adamEps,
                    loraRank,
                    loraAlpha,
                    loraTargets,
                    loraSteps,
                    emptyPromptProbability,
                    emaDecay,
                    seed);
        }
    }
}
