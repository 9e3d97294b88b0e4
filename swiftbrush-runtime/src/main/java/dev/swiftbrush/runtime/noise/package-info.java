/** Standard normal latents, number for number those that PyTorch draws from the same seed. */
@NullMarked
package dev.swiftbrush.runtime.noise;

import org.jspecify.annotations.NullMarked;
