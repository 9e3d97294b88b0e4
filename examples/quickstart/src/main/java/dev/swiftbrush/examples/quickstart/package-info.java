/** The shortest way from a prompt to a picture. */
@NullMarked
package dev.swiftbrush.examples.quickstart;

import org.jspecify.annotations.NullMarked;
