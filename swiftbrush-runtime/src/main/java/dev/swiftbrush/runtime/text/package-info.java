/** Prompts to token ids, as CLIP's tokenizer in transformers gives them. */
@NullMarked
package dev.swiftbrush.runtime.text;

import org.jspecify.annotations.NullMarked;
