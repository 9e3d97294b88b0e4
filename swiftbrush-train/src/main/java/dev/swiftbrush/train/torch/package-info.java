/**
 * The backend that computes: libtorch, with gradients. Nothing outside this package names a class of libtorch.
 *
 * <p>Native memory is freed by {@link dev.swiftbrush.train.torch.Region}: whatever is made on a thread while a region is
 * open ends with it, unless it is kept. Classes here are used from one thread.
 */
@NullMarked
package dev.swiftbrush.train.torch;

import org.jspecify.annotations.NullMarked;
