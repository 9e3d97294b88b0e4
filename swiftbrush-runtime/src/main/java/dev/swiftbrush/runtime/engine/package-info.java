/** The engine that {@link dev.swiftbrush.SwiftBrush} finds: a checkpoint opened, exported, cached and run. */
@NullMarked
package dev.swiftbrush.runtime.engine;

import org.jspecify.annotations.NullMarked;
