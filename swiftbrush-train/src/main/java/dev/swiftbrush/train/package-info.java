/** Distils a multi-step diffusion checkpoint into a one-step student. */
@NullMarked
package dev.swiftbrush.train;

import org.jspecify.annotations.NullMarked;
