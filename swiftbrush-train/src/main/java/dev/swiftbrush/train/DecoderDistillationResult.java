package dev.swiftbrush.train;

import java.nio.file.Path;

/**
 * What the distillation of a tiny decoder leaves.
 *
 * @param decoder a folder that {@code SwiftBrush.builder().decoder(...)} takes
 * @param steps of the whole run
 * @param psnr the mean peak signal-to-noise ratio of its pictures against those of the model's own decoder, in dB, from noise that
 *     was not trained with
 */
public record DecoderDistillationResult(Path decoder, long steps, double psnr) {}
