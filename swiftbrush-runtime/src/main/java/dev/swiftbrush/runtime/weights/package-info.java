/**
 * Checkpoint weights on disk: safetensors files read, mapped and written, alone or in shards. Nothing here knows a
 * network; pickle files are never opened.
 */
@NullMarked
package dev.swiftbrush.runtime.weights;

import org.jspecify.annotations.NullMarked;
