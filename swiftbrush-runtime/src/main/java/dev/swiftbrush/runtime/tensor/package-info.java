/** The operations that networks are written against, without a backend. */
@NullMarked
package dev.swiftbrush.runtime.tensor;

import org.jspecify.annotations.NullMarked;
