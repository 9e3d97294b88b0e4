package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.network.UNetConfig.Level;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import dev.swiftbrush.runtime.weights.DeclaredWeights;
import dev.swiftbrush.runtime.weights.Scope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The denoiser of Stable Diffusion: from noisy latents, a timestep and a prompt to what its recipe makes latents of.
 *
 * @see <a href="https://arxiv.org/abs/2112.10752">Latent Diffusion</a>, section 3.3
 */
public record UNet2DConditionModel(UNetConfig config) {

    /**
     * Predicts epsilon, v or the velocity, as the checkpoint was trained to.
     *
     * @param sample noisy latents {@code [B, C, h, w]}; h and w are multiples of 2^(levels - 1)
     * @param timestep sinusoids of the timestep, {@code [B or 1, channels of level 0]}, see {@link Sinusoid#timestep}
     * @param guidance sinusoids of the guidance scale, {@code [B or 1, timeCondProjDim]}, see {@link
     *     Sinusoid#guidance}; null for a model that embeds none
     * @param encoderHiddenStates prompts {@code [B, N, D]}
     * @return the prediction, in the shape of {@code sample}
     */
    public Tensor predict(
            Scope at, Tensor sample, Tensor timestep, @Nullable Tensor guidance, Tensor encoderHiddenStates) {
        Tensor temb = timeEmbedding(at.at("time_embedding"), timestep, guidance);

        Tensor h = at.conv("conv_in", sample, channels(0), config.convInKernel(), Window.same(config.convInKernel()));
        Deque<Tensor> skips = new ArrayDeque<>();
        skips.push(h);
        for (int i = 0; i < levels(); i++) {
            h = downBlock(at.at("down_blocks", i), i, h, temb, encoderHiddenStates, skips);
        }
        h = config.midBlock() ? midBlock(at.at("mid_block"), h, temb, encoderHiddenStates) : h;
        for (int i = levels() - 1; i >= 0; i--) {
            h = upBlock(at.at("up_blocks", levels() - 1 - i), i, h, temb, encoderHiddenStates, skips);
        }

        h = at.groupNorm("conv_norm_out", h, config.groups(), config.eps()).activate(config.activation());
        return at.conv(
                "conv_out", h, config.outChannels(), config.convOutKernel(), Window.same(config.convOutKernel()));
    }

    /** The names and shapes of all weights, in the order of the layers. */
    public Map<String, Shape> weights() {
        Integer guidanceWidth = config.timeCondProjDim();
        DeclaredWeights declared = new DeclaredWeights();
        predict(
                Scope.of(declared),
                ShapeTensor.of(Shape.UNKNOWN, config.inChannels(), Shape.UNKNOWN, Shape.UNKNOWN),
                ShapeTensor.of(1, channels(0)),
                guidanceWidth == null ? null : ShapeTensor.of(1, guidanceWidth),
                ShapeTensor.of(Shape.UNKNOWN, Shape.UNKNOWN, config.crossAttentionDim()));
        return declared.shapes();
    }

    private Tensor timeEmbedding(Scope at, Tensor timestep, @Nullable Tensor guidance) {
        Tensor input = timestep;
        if (guidance != null) {
            input = input.add(at.linearWithoutBias("cond_proj", guidance, timestep.size(-1)));
        }
        Tensor h = at.linear("linear_1", input, config.timeEmbeddingChannels());
        return at.linear("linear_2", h.activate(config.activation()), config.timeEmbeddingChannels());
    }

    private Tensor downBlock(Scope at, int i, Tensor x, Tensor temb, Tensor states, Deque<Tensor> skips) {
        Level level = config.levels().get(i);
        Tensor h = x;
        for (int layer = 0; layer < level.layers(); layer++) {
            h = resnet().apply(at.at("resnets", layer), h, temb, level.channels());
            if (level.attentionDown()) {
                h = transformer(level).apply(at.at("attentions", layer), h, states);
            }
            skips.push(h);
        }
        if (i < levels() - 1) {
            Window halve = config.downsamplePadding() == 0 ? Window.halvePaddedAfter() : Window.halve();
            h = at.at("downsamplers", 0).conv("conv", h, level.channels(), 3, halve);
            skips.push(h);
        }
        return h;
    }

    private Tensor midBlock(Scope at, Tensor x, Tensor temb, Tensor states) {
        Level last = config.levels().get(levels() - 1);
        Tensor h = resnet().apply(at.at("resnets", 0), x, temb, last.channels());
        h = transformer(last).apply(at.at("attentions", 0), h, states);
        return resnet().apply(at.at("resnets", 1), h, temb, last.channels());
    }

    private Tensor upBlock(Scope at, int i, Tensor x, Tensor temb, Tensor states, Deque<Tensor> skips) {
        Level level = config.levels().get(i);
        Tensor h = x;
        for (int layer = 0; layer <= level.layers(); layer++) {
            h = h.concat(1, skips.pop());
            h = resnet().apply(at.at("resnets", layer), h, temb, level.channels());
            if (level.attentionUp()) {
                h = transformer(level).apply(at.at("attentions", layer), h, states);
            }
        }
        return i > 0 ? at.at("upsamplers", 0).conv3x3("conv", h.upsampleNearest(), level.channels()) : h;
    }

    private ResnetBlock resnet() {
        return new ResnetBlock(config.groups(), config.eps(), config.activation());
    }

    private SpatialTransformer transformer(Level level) {
        return new SpatialTransformer(
                level.heads(), level.transformerBlocks(), config.groups(), config.linearProjection());
    }

    private int levels() {
        return config.levels().size();
    }

    private int channels(int level) {
        return config.levels().get(level).channels();
    }
}
