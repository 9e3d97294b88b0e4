package dev.swiftbrush.train.objective;

/** Everything random in a training, by what it is for. */
public interface Draws {

    /** What a number is drawn for; each kind has a stream of its own. */
    enum Use {
        LATENTS,
        TIMESTEP,
        NOISE,
        ADAPTER_TIMESTEP,
        ADAPTER_NOISE,
        ADAPTER_EMPTY_PROMPT,
        POSTERIOR,
        EMPTY_PROMPT,
        IMAGE,
        MIRROR,
        SAMPLE
    }

    /**
     * Standard normal numbers.
     *
     * @param sample counts the samples of one step, over all accumulated batches
     */
    float[] normal(Use use, long step, long sample, int count);

    /** A whole number from {@code low} to {@code high}, both included. */
    int integer(Use use, long step, long sample, int low, int high);

    /** True with the probability given. */
    boolean chance(Use use, long step, long sample, double probability);
}
