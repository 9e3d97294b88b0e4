package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.Scope;
import java.util.Map;

/** What makes pictures of latents: an ordinary autoencoder, or a tiny one. */
public sealed interface LatentDecoder permits AutoencoderKl, AutoencoderTiny {

    /**
     * Decodes latents as the UNet knows them.
     *
     * @param latents {@code [B, C, h, w]}
     * @return an image {@code [B, 3, h·scale, w·scale]}, most of it in [-1, 1]
     */
    Tensor decode(Scope at, Tensor latents);

    /** The names and shapes of all weights. */
    Map<String, Shape> weights();

    /** Channels of the latents. */
    int latentChannels();

    /** Channels of the image. */
    int outChannels();

    /** Pixels that stand behind one latent, in each direction. */
    int scale();
}
