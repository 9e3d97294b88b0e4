package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.objective.Batch;

/** Where the prompts of a training come from. */
public interface PromptBatches {

    /**
     * Prompts of one forward pass.
     *
     * @param step from 0
     * @param first number of the first sample within the step
     * @param size how many
     */
    Batch batch(long step, long first, int size);

    /** The pass over the prompts to which a step belongs, from 0. */
    long epoch(long step);
}
