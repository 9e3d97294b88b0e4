/** The loop of a training: batches, updates, checkpoints, what is told of them. */
@NullMarked
package dev.swiftbrush.train.trainer;

import org.jspecify.annotations.NullMarked;
