/** The emoji model: its pictures and captions, and how well it draws. */
@NullMarked
package dev.swiftbrush.examples.emoji;

import org.jspecify.annotations.NullMarked;
