/** Models on a hub: found, downloaded into the cache that the hub's own tools use, and held against their hashes. */
@NullMarked
package dev.swiftbrush.runtime.hub;

import org.jspecify.annotations.NullMarked;
