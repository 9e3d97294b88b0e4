package dev.swiftbrush.train;

import java.nio.file.Path;

/**
 * What a pretraining leaves.
 *
 * @param checkpoint a complete checkpoint in diffusers layout, with the network that was trained in the place of the old one
 * @param steps of the whole run
 */
public record PretrainingResult(Path checkpoint, long steps) {}
