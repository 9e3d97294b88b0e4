/** What comes out of a training run: a diffusers folder that draws in one step, and low-rank adapters. */
@NullMarked
package dev.swiftbrush.train.export;

import org.jspecify.annotations.NullMarked;
