package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ImageSize;
import java.util.List;

/**
 * An estimate of the memory that ONNX networks of others take while they run. Their graphs do not tell the sizes of their
 * values, so it is reckoned from the two places that take most: the decoder's last level, which holds a few values of
 * all pixels at once, and the UNet's first, which holds the scores of every latent for every other.
 *
 * @param decoderChannels of the levels, from the pixels to the latents
 * @param scale pixels behind one latent, in each direction
 * @param oneByOne whether the images of a batch are made one after the other
 */
record OnnxMemory(List<Integer> decoderChannels, int scale, boolean oneByOne) {
    /** What a resnet holds at once: its input, a norm, and both operands of an activation. */
    private static final long VALUES = 4;

    /** Stable Diffusion 1.5's; 2.1 has five. */
    private static final long HEADS = 8;

    /** Scores, and their softmax. */
    private static final long SCORES = 2;

    OnnxMemory {
        decoderChannels = List.copyOf(decoderChannels);
    }

    /** @throws ArithmeticException if it is more than 2^63 bytes */
    long bytes(ImageSize size, int batch) {
        long pixels = Math.multiplyExact((long) size.width(), size.height());
        long latents = pixels / scale / scale;
        long widest = decoderChannels.get(Math.min(1, decoderChannels.size() - 1)); // comes up from the level below
        long decoder = Math.multiplyExact(pixels, VALUES * widest * Float.BYTES);
        long scores = Math.multiplyExact(Math.multiplyExact(latents, latents), SCORES * HEADS * Float.BYTES);
        return Math.multiplyExact(Math.max(decoder, scores), oneByOne ? 1L : batch);
    }
}
