package dev.swiftbrush.train;

import java.nio.file.Path;

/**
 * Is told how a run goes, in the order in which it goes and on the thread that trains: what takes long here slows the run
 * down. An exception does not end the run; it is logged.
 */
public interface TrainingListener {

    /**
     * A stage, such as {@code "encoding prompts"}, has begun ({@code done} is 0), goes on, or has ended ({@code done} is
     * {@code total}). The steps of training are told to {@link #stepCompleted} instead.
     *
     * @param stage the same words in every call for one stage
     * @param total how many things are to be done; at least 1
     */
    default void stage(String stage, long done, long total) {}

    /** A step was completed. */
    default void stepCompleted(StepMetrics metrics) {}

    /** A grid of sample pictures was written; {@code step} steps were completed before. */
    default void samplesWritten(Path png, long step) {}

    /** A checkpoint is whole and on the disk; {@code step} steps were completed before. */
    default void checkpointSaved(Path folder, long step) {}

    /** Something is not as it should be, and the run goes on; {@code step} steps were completed before. */
    default void warning(String message, long step) {}

    /**
     * The run has ended by itself; nothing is told after this. A run that fails or is killed does not come here.
     *
     * @param result what it leaves
     */
    default void finished(Path result, long step) {}
}
