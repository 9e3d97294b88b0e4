/** What an engine implements so that {@link dev.swiftbrush.SwiftBrush} finds it; applications need none of it. */
@NullMarked
package dev.swiftbrush.spi;

import org.jspecify.annotations.NullMarked;
