/** Finds out how to run a model over 8-bit integers, and what that costs its pictures. */
@NullMarked
package dev.swiftbrush.runtime.calibration;

import org.jspecify.annotations.NullMarked;
