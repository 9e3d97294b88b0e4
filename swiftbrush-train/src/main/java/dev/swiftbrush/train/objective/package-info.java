/** What a student learns from. */
@NullMarked
package dev.swiftbrush.train.objective;

import org.jspecify.annotations.NullMarked;
