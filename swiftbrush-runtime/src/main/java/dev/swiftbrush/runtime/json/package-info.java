/** Reading the JSON files of a checkpoint within limits. */
@NullMarked
package dev.swiftbrush.runtime.json;

import org.jspecify.annotations.NullMarked;
