/** Whole stages against what diffusers and transformers make of the same checkpoints (tools/reference). */
@NullMarked
package dev.swiftbrush.runtime.reference;

import org.jspecify.annotations.NullMarked;
