/** What memory a training will take, known before anything is loaded. */
@NullMarked
package dev.swiftbrush.train.memory;

import org.jspecify.annotations.NullMarked;
