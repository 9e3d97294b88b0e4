/**
 * One-step text-to-image diffusion for the JVM: {@link dev.swiftbrush.SwiftBrush} is the way in.
 *
 * <p>An engine has to be on the class path beside this package; {@code dev.swiftbrush:swiftbrush-runtime} is one.
 */
@NullMarked
package dev.swiftbrush;

import org.jspecify.annotations.NullMarked;
