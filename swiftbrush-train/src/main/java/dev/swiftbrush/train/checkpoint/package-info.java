/** Training checkpoints on disk: written whole, verified when read, kept to the last few. What is in them is not known here. */
@NullMarked
package dev.swiftbrush.train.checkpoint;

import org.jspecify.annotations.NullMarked;
