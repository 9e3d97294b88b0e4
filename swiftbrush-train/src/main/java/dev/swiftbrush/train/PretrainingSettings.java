package dev.swiftbrush.train;

/**
 * Everything that decides what a pretraining learns, as far as numbers go. {@link #builder()} starts from values that suit a
 * small latent diffusion model.
 *
 * @param steps updates of the network
 * @param batchSize samples of one forward pass
 * @param accumulation forward passes of one step, whose gradients are averaged
 * @param width of the pictures, in pixels
 * @param height of the pictures, in pixels
 * @param learningRate after the warm-up
 * @param schedule how the learning rate goes on
 * @param warmupSteps over which it rises
 * @param gradientClip greatest norm of the gradients
 * @param adamBeta1 decay of the gradients' mean
 * @param adamBeta2 decay of their squares' mean
 * @param adamEps added to the root of the latter
 * @param emaDecay of the network's average; 0 keeps none
 * @param emptyPromptProbability with which the UNet learns a sample under the empty prompt
 * @param l1Weight of the mean absolute error, in the loss of an autoencoder
 * @param mseWeight of the mean squared error, in the loss of an autoencoder
 * @param edgeWeight of the mean absolute error of differences between neighbouring pixels, in the loss of an autoencoder
 * @param klWeight of the latents' divergence from the standard normal distribution, in the loss of an autoencoder
 * @param seed of everything random
 * @see <a href="https://arxiv.org/abs/2112.10752">Latent Diffusion</a>, section 3
 */
public record PretrainingSettings(
        long steps,
        int batchSize,
        int accumulation,
        int width,
        int height,
        double learningRate,
        LearningRateSchedule schedule,
        long warmupSteps,
        double gradientClip,
        double adamBeta1,
        double adamBeta2,
        double adamEps,
        double emaDecay,
        double emptyPromptProbability,
        double l1Weight,
        double mseWeight,
        double edgeWeight,
        double klWeight,
        long seed) {

    /** @throws IllegalArgumentException if a value is out of its range */
    public PretrainingSettings {
        Require.that(steps >= 1, "steps must be at least 1, but was %d", steps);
        Require.that(batchSize >= 1, "batchSize must be at least 1, but was %d", batchSize);
        Require.that(accumulation >= 1, "accumulation must be at least 1, but was %d", accumulation);
        Require.that(width >= 1 && height >= 1, "width and height must be positive, but were %d and %d", width, height);
        Require.that(Require.isRate(learningRate), "learningRate must be above 0, but was %s", learningRate);
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
        Require.that(Require.isShare(emaDecay), "emaDecay must be at least 0 and less than 1, but was %s", emaDecay);
        Require.that(
                emptyPromptProbability >= 0 && emptyPromptProbability <= 1,
                "emptyPromptProbability must be between 0 and 1, but was %s",
                emptyPromptProbability);
        Require.that(
                l1Weight >= 0 && mseWeight >= 0 && edgeWeight >= 0 && klWeight >= 0,
                "an autoencoder's losses must not weigh less than 0, but were %s, %s, %s and %s",
                l1Weight,
                mseWeight,
                edgeWeight,
                klWeight);
        Require.that(
                Require.isRate(l1Weight + mseWeight),
                "one of l1Weight and mseWeight must be above 0, but were %s and %s",
                l1Weight,
                mseWeight);
    }

    /** Starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** The samples of one step. */
    public int samplesPerStep() {
        return Math.multiplyExact(batchSize, accumulation);
    }

    /** Collects settings; what is not set has its default. */
    public static final class Builder {
        private long steps = 10_000;
        private int batchSize = 32;
        private int accumulation = 1;
        private int width = 512;
        private int height = 512;
        private double learningRate = 1e-4;
        private LearningRateSchedule schedule = LearningRateSchedule.CONSTANT;
        private long warmupSteps = 0;
        private double gradientClip = 1.0;
        private double adamBeta1 = 0.9;
        private double adamBeta2 = 0.999;
        private double adamEps = 1e-8;
        private double emaDecay = 0.9999;
        private double emptyPromptProbability = 0.1;
        private double l1Weight = 1.0;
        private double mseWeight = 0.5;
        private double edgeWeight = 0.3;
        private double klWeight = 3e-4;
        private long seed = 0;

        private Builder() {}

        /** See {@link PretrainingSettings#steps()}; by default 10,000. */
        public Builder steps(long steps) {
            this.steps = steps;
            return this;
        }

        /** See {@link PretrainingSettings#batchSize()}; by default 32. */
        public Builder batchSize(int batchSize) {
            this.batchSize = batchSize;
            return this;
        }

        /** See {@link PretrainingSettings#accumulation()}; by default 1. */
        public Builder accumulation(int accumulation) {
            this.accumulation = accumulation;
            return this;
        }

        /** See {@link PretrainingSettings#width()}; by default 512. */
        public Builder width(int width) {
            this.width = width;
            return this;
        }

        /** See {@link PretrainingSettings#height()}; by default 512. */
        public Builder height(int height) {
            this.height = height;
            return this;
        }

        /** See {@link PretrainingSettings#learningRate()}; by default 1e-4. */
        public Builder learningRate(double learningRate) {
            this.learningRate = learningRate;
            return this;
        }

        /** See {@link PretrainingSettings#schedule()}; by default CONSTANT. */
        public Builder schedule(LearningRateSchedule schedule) {
            this.schedule = schedule;
            return this;
        }

        /** See {@link PretrainingSettings#warmupSteps()}; by default 0. */
        public Builder warmupSteps(long warmupSteps) {
            this.warmupSteps = warmupSteps;
            return this;
        }

        /** See {@link PretrainingSettings#gradientClip()}; by default 1.0. */
        public Builder gradientClip(double gradientClip) {
            this.gradientClip = gradientClip;
            return this;
        }

        /** See {@link PretrainingSettings#adamBeta1()}; by default 0.9. */
        public Builder adamBeta1(double adamBeta1) {
            this.adamBeta1 = adamBeta1;
            return this;
        }

        /** See {@link PretrainingSettings#adamBeta2()}; by default 0.999. */
        public Builder adamBeta2(double adamBeta2) {
            this.adamBeta2 = adamBeta2;
            return this;
        }

        /** See {@link PretrainingSettings#adamEps()}; by default 1e-8. */
        public Builder adamEps(double adamEps) {
            this.adamEps = adamEps;
            return this;
        }

        /** See {@link PretrainingSettings#emaDecay()}; by default 0.9999. */
        public Builder emaDecay(double emaDecay) {
            this.emaDecay = emaDecay;
            return this;
        }

        /** See {@link PretrainingSettings#emptyPromptProbability()}; by default 0.1. */
        public Builder emptyPromptProbability(double emptyPromptProbability) {
            this.emptyPromptProbability = emptyPromptProbability;
            return this;
        }

        /** See {@link PretrainingSettings#l1Weight()}; by default 1.0. */
        public Builder l1Weight(double l1Weight) {
            this.l1Weight = l1Weight;
            return this;
        }

        /** See {@link PretrainingSettings#mseWeight()}; by default 0.5. */
        public Builder mseWeight(double mseWeight) {
            this.mseWeight = mseWeight;
            return this;
        }

        /** See {@link PretrainingSettings#edgeWeight()}; by default 0.3. */
        public Builder edgeWeight(double edgeWeight) {
            this.edgeWeight = edgeWeight;
            return this;
        }

        /** See {@link PretrainingSettings#klWeight()}; by default 3e-4. */
        public Builder klWeight(double klWeight) {
            this.klWeight = klWeight;
            return this;
        }

        /** See {@link PretrainingSettings#seed()}; by default 0. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** @throws IllegalArgumentException as {@link PretrainingSettings} says */
        public PretrainingSettings build() {
            return new PretrainingSettings(
                    steps,
                    batchSize,
                    accumulation,
                    width,
                    height,
                    learningRate,
                    schedule,
                    warmupSteps,
                    gradientClip,
                    adamBeta1,
                    adamBeta2,
                    adamEps,
                    emaDecay,
                    emptyPromptProbability,
                    l1Weight,
                    mseWeight,
                    edgeWeight,
                    klWeight,
                    seed);
        }
    }
}
