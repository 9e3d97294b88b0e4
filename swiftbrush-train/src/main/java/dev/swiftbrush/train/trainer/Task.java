package dev.swiftbrush.train.trainer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What a {@link TrainingLoop} does over and over. Use from one thread. */
public interface Task {

    /** The networks that learn; their states are what a checkpoint holds. */
    List<Trainee> trainees();

    /** Samples of one step. */
    int samplesPerStep();

    /** The pass over the data to which a step belongs, from 0. */
    long epoch(long step);

    /**
     * Does one step.
     *
     * @param step from 0
     * @return figures of the step, in the order in which to show them
     * @throws dev.swiftbrush.train.DivergedException if a number is not finite; no weight has then changed
     */
    Map<String, Double> step(long step);

    /** Draws sample pictures of the networks as they are into a new PNG file. */
    default void drawSamples(Path png) {}

    /** Writes what the last step computed, for whoever wants to know why it diverged. */
    default void writeEvidence(Path folder) throws IOException {}
}
