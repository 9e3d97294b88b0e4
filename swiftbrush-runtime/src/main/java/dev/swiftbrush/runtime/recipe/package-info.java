/** How one call of a UNet becomes latents: data that belongs to a checkpoint, not to code. */
@NullMarked
package dev.swiftbrush.runtime.recipe;

import org.jspecify.annotations.NullMarked;
