package dev.swiftbrush.examples.emoji;

/**
 * A text under pictures of an emoji.
 *
 * @param share how often it is drawn beside the emoji's other captions
 * @param whole whether it says all that its emoji's label says; if not, other emoji may have it too
 */
record Caption(String text, double share, boolean whole) {}
