/** Files and folders that appear whole or not at all, and the fingerprints of what is in them. */
@NullMarked
package dev.swiftbrush.train.files;

import org.jspecify.annotations.NullMarked;
