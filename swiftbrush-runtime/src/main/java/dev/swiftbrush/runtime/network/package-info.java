/**
 * The networks of a Stable Diffusion checkpoint, each written once against {@link
 * dev.swiftbrush.runtime.tensor.Tensor}, and the configurations that shape them. Names are those of the checkpoint.
 */
@NullMarked
package dev.swiftbrush.runtime.network;

import org.jspecify.annotations.NullMarked;
