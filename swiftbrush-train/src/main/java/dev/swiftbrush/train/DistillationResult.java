package dev.swiftbrush.train;

import java.nio.file.Path;

/**
 * What a distillation leaves.
 *
 * @param student a complete checkpoint in diffusers layout with its recipe, which the runtime opens as it is
 * @param steps of the whole run
 */
public record DistillationResult(Path student, long steps) {}
