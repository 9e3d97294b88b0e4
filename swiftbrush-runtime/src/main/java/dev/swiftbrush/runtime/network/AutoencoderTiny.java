package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.DeclaredWeights;
import dev.swiftbrush.runtime.weights.Scope;
import java.util.Map;

/**
 * The decoder of a tiny autoencoder: residual blocks of three convolutions, without normalisation or attention. It is made to
 * decode the latents of an ordinary autoencoder with a fraction of its operations. Its encoder is not used.
 *
 * @see <a href="https://github.com/madebyollin/taesd">TAESD</a>
 */
public record AutoencoderTiny(AutoencoderTinyConfig config) implements LatentDecoder {
    /** Latents are squashed into (-RANGE, RANGE). */
    private static final double RANGE = 3;

    /** Layers are numbered through, activations and upsampling included. */
    @Override
    public Tensor decode(Scope at, Tensor latents) {
        Scope layers = at.at("decoder", "layers");
        Tensor h = latents.mul(1 / (config.scalingFactor() * RANGE));
        h = config.shiftFactor() == 0 ? h : h.add(config.shiftFactor() / RANGE);
        h = h.activate(Activation.TANH).mul(RANGE);
        h = layers.conv3x3("0", h, config.channels()).activate(config.activation());

        int layer = 2;
        int last = config.blocks().size() - 1;
        for (int level = 0; level <= last; level++) {
            for (int block = 0; block < config.blocks().get(level); block++) {
                h = block(layers.at(layer++, "conv"), h);
            }
            if (level < last) {
                h = layers.conv3x3WithoutBias(String.valueOf(layer + 1), h.upsampleNearest(), config.channels());
                layer += 2;
            }
        }
        return layers.conv3x3(String.valueOf(layer), h, config.outChannels()) // in [0, 1]
                .mul(2)
                .add(-1);
    }

    private Tensor block(Scope at, Tensor x) {
        Tensor h = at.conv3x3("0", x, config.channels()).activate(config.activation());
        h = at.conv3x3("2", h, config.channels()).activate(config.activation());
        h = at.conv3x3("4", h, config.channels());
        return h.add(x).activate(Activation.RELU);
    }

    /** The names and shapes of the decoder's weights. */
    @Override
    public Map<String, Shape> weights() {
        DeclaredWeights declared = new DeclaredWeights();
        decode(
                Scope.of(declared),
                ShapeTensor.of(Shape.UNKNOWN, config.latentChannels(), Shape.UNKNOWN, Shape.UNKNOWN));
        return declared.shapes();
    }

    @Override
    public int latentChannels() {
        return config.latentChannels();
    }

    @Override
    public int outChannels() {
        return config.outChannels();
    }

    @Override
    public int scale() {
        return config.scale();
    }
}
