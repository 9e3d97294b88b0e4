/** A whole model in one file, opened by its path or from the class path. */
@NullMarked
package dev.swiftbrush.runtime.modelfile;

import org.jspecify.annotations.NullMarked;
