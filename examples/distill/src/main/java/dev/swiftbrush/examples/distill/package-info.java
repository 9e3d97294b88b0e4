/** A command line for training: from a teacher and prompts to a student that draws in one step. */
@NullMarked
package dev.swiftbrush.examples.distill;

import org.jspecify.annotations.NullMarked;
