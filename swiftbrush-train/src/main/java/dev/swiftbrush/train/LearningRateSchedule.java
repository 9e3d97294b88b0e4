package dev.swiftbrush.train;

/** How a learning rate goes on after its warm-up. */
public enum LearningRateSchedule {
    /** It stays. */
    CONSTANT,
    /** It falls to zero at the last step along half a cosine. */
    COSINE,
    /** It falls to zero at the last step along a line. */
    LINEAR;

    /**
     * The factor of the base rate for one step.
     *
     * @param step from 0
     * @param warmup steps over which the factor rises in a line to 1
     * @param total steps of the run
     */
    public double factor(long step, long warmup, long total) {
        if (step < warmup) {
            return (step + 1.0) / warmup;
        }
        double done = total <= warmup ? 0 : (double) (step - warmup) / (total - warmup);
        return switch (this) {
            case CONSTANT -> 1;
            case COSINE -> 0.5 * (1 + Math.cos(Math.PI * Math.min(done, 1)));
            case LINEAR -> Math.max(0, 1 - done);
        };
    }
}
