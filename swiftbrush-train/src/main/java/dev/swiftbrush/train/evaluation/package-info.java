/** How well a model draws: features of pictures, and what is measured on them. */
@NullMarked
package dev.swiftbrush.train.evaluation;

import org.jspecify.annotations.NullMarked;
