package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import dev.swiftbrush.runtime.weights.DeclaredWeights;
import dev.swiftbrush.runtime.weights.Scope;
import java.util.Map;

/**
 * The autoencoder between pixels and latents.
 *
 * @see <a href="https://arxiv.org/abs/2112.10752">Latent Diffusion</a>, section 3.1
 */
public record AutoencoderKl(AutoencoderConfig config) implements LatentDecoder {
    private static final double EPS = 1e-6;

    /**
     * Decodes latents as the UNet knows them: scaled by {@link AutoencoderConfig#scalingFactor()}.
     *
     * @param latents {@code [B, C, h, w]}
     * @return an image {@code [B, 3, h·scale, w·scale]}, most of it in [-1, 1]
     */
    @Override
    public Tensor decode(Scope at, Tensor latents) {
        Tensor h = latents.mul(1 / config.scalingFactor());
        h = config.shiftFactor() == 0 ? h : h.add(config.shiftFactor());
        h = config.postQuantConv() ? at.conv1x1("post_quant_conv", h, config.latentChannels()) : h;

        Scope decoder = at.at("decoder");
        h = decoder.conv3x3("conv_in", h, channels(levels() - 1));
        h = midBlock(decoder.at("mid_block"), h);
        for (int i = levels() - 1; i >= 0; i--) {
            h = upBlock(decoder.at("up_blocks", levels() - 1 - i), i, h);
        }
        return out(decoder, h, config.outChannels());
    }

    /**
     * Encodes an image into the distribution of its latents, not yet shifted or scaled.
     *
     * @param image {@code [B, 3, H, W]} in [-1, 1]
     * @return means and log variances, one behind the other, {@code [B, 2·C, H/scale, W/scale]}
     */
    public Tensor encode(Scope at, Tensor image) {
        Scope encoder = at.at("encoder");
        Tensor h = encoder.conv3x3("conv_in", image, channels(0));
        for (int i = 0; i < levels(); i++) {
            h = downBlock(encoder.at("down_blocks", i), i, h);
        }
        h = midBlock(encoder.at("mid_block"), h);
        h = out(encoder, h, 2 * config.latentChannels());
        return config.quantConv() ? at.conv1x1("quant_conv", h, h.size(1)) : h;
    }

    /** The names and shapes of all weights, the encoder's first. */
    @Override
    public Map<String, Shape> weights() {
        DeclaredWeights declared = new DeclaredWeights();
        encode(Scope.of(declared), ShapeTensor.of(Shape.UNKNOWN, config.inChannels(), Shape.UNKNOWN, Shape.UNKNOWN));
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

    private Tensor upBlock(Scope at, int level, Tensor x) {
        Tensor h = x;
        for (int layer = 0; layer <= config.layers(); layer++) {
            h = resnet().apply(at.at("resnets", layer), h, null, channels(level));
        }
        return level > 0 ? at.at("upsamplers", 0).conv3x3("conv", h.upsampleNearest(), channels(level)) : h;
    }

    private Tensor downBlock(Scope at, int level, Tensor x) {
        Tensor h = x;
        for (int layer = 0; layer < config.layers(); layer++) {
            h = resnet().apply(at.at("resnets", layer), h, null, channels(level));
        }
        return level < levels() - 1
                ? at.at("downsamplers", 0).conv("conv", h, channels(level), 3, Window.halvePaddedAfter())
                : h;
    }

    private Tensor midBlock(Scope at, Tensor x) {
        int channels = Math.toIntExact(x.size(1));
        Tensor h = resnet().apply(at.at("resnets", 0), x, null, channels);
        h = config.midAttention() ? selfAttention(at.at("attentions", 0), h) : h;
        return resnet().apply(at.at("resnets", 1), h, null, channels);
    }

    /** One head over all pixels. */
    private Tensor selfAttention(Scope at, Tensor x) {
        long channels = x.size(1);
        Tensor h = SpatialTransformer.sequence(at.groupNorm("group_norm", x, config.groups(), EPS));
        Tensor query = at.linear("to_q", h, channels);
        Tensor key = at.linear("to_k", h, channels);
        Tensor value = at.linear("to_v", h, channels);
        h = at.linear("to_out.0", query.attention(key, value, 1, false), channels);
        return h.transpose(1, 2).reshapeLike(x).add(x);
    }

    private Tensor out(Scope at, Tensor x, int channels) {
        Tensor h = at.groupNorm("conv_norm_out", x, config.groups(), EPS).activate(Activation.SILU);
        return at.conv3x3("conv_out", h, channels);
    }

    private ResnetBlock resnet() {
        return new ResnetBlock(config.groups(), EPS, config.activation());
    }

    private int levels() {
        return config.channels().size();
    }

    private int channels(int level) {
        return config.channels().get(level);
    }
}
