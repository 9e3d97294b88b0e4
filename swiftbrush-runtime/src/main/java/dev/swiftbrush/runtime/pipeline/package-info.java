/** From a prompt and a seed to pixels. */
@NullMarked
package dev.swiftbrush.runtime.pipeline;

import org.jspecify.annotations.NullMarked;
