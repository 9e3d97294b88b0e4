package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.LearningRateSchedule;

/**
 * A learning rate over a run.
 *
 * @param base what it is after the warm-up
 * @param warmup steps over which it rises to that
 * @param total steps of the run
 */
public record LearningRate(double base, LearningRateSchedule schedule, long warmup, long total) {

    /** The rate of {@code step}, counted from 0. */
    double at(long step) {
        return base * schedule.factor(step, warmup, total);
    }
}
