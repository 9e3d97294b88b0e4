/** Sampling a teacher in several steps: which timesteps, and by what factors latents go from one to the next. */
@NullMarked
package dev.swiftbrush.train.sampler;

import org.jspecify.annotations.NullMarked;
