package dev.swiftbrush.runtime.network;

/**
 * What a configuration may ask for. The numbers are far above those of any Stable Diffusion, and low enough that a network
 * of them all is described in a moment and no product of sizes overflows.
 */
final class Limits {
    /** Channels of an image, a sequence or an embedding. */
    static final int WIDTH = 1 << 16;

    /** Resolutions of a UNet or an autoencoder; each but one halves the image. */
    static final int LEVELS = 8;

    /** Layers of a level, and transformer blocks of a layer. */
    static final int LAYERS = 32;

    /** Layers of a text encoder. */
    static final int TEXT_LAYERS = 256;

    /** Token ids. */
    static final int VOCABULARY = 1 << 20;

    /** Tokens of a prompt; a graph holds a mask of their square. */
    static final int POSITIONS = 1 << 10;

    /** Height and width of latents, and of a convolution's kernel. */
    static final int SAMPLE = 1 << 11;

    static final int KERNEL = 31;

    /** What a normalisation adds to a variance, so that nothing is divided by zero. */
    static final double LEAST_EPS = 1e-12;

    static final double MOST_EPS = 0.1;

    private Limits() {}
}
