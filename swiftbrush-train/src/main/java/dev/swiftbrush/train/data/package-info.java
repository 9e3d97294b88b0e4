/** What a training run reads: prompts, their hidden states, and the order in which they come. */
@NullMarked
package dev.swiftbrush.train.data;

import org.jspecify.annotations.NullMarked;
