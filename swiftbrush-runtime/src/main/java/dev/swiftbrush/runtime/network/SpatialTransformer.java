package dev.swiftbrush.runtime.network;

import static dev.swiftbrush.runtime.tensor.Tensor.KEEP;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.Scope;

/**
 * Transformer2DModel: the pixels of an image as a sequence that attends to itself and to the prompt.
 *
 * @param blocks transformer blocks one behind the other
 * @param linearProjection whether the image is projected as a sequence (SD 2.x) or by 1x1 convolutions (SD 1.x)
 * @see <a href="https://arxiv.org/abs/2112.10752">Latent Diffusion</a>, section 3.3
 */
record SpatialTransformer(int heads, int blocks, int groups, boolean linearProjection) {
    private static final double ENTRY_EPS = 1e-6;
    private static final double BLOCK_EPS = 1e-5;

    /** Attends from an image {@code [B, C, H, W]} to the hidden states {@code [B, N, D]} of its prompt. */
    Tensor apply(Scope at, Tensor x, Tensor encoderHiddenStates) {
        return at.weights().block(in -> layers(at, in[0], in[1]), x, encoderHiddenStates);
    }

    private Tensor layers(Scope at, Tensor x, Tensor encoderHiddenStates) {
        int channels = Math.toIntExact(x.size(1));
        int inner = heads * (channels / heads); // less than channels when the heads do not divide them
        Tensor h = at.groupNorm("norm", x, groups, ENTRY_EPS);
        if (linearProjection) {
            h = at.linear("proj_in", sequence(h), inner);
            h = transformerBlocks(at, h, encoderHiddenStates);
            h = at.linear("proj_out", h, channels);
            return h.transpose(1, 2).reshapeLike(x).add(x);
        }
        Tensor image = at.conv1x1("proj_in", h, inner);
        h = transformerBlocks(at, sequence(image), encoderHiddenStates);
        h = h.transpose(1, 2).reshapeLike(image);
        return at.conv1x1("proj_out", h, channels).add(x);
    }

    /** {@code [B, C, H, W]} to {@code [B, H·W, C]}. */
    static Tensor sequence(Tensor image) {
        return image.reshape(KEEP, KEEP, -1).transpose(1, 2);
    }

    private Tensor transformerBlocks(Scope at, Tensor x, Tensor encoderHiddenStates) {
        Tensor h = x;
        for (int i = 0; i < blocks; i++) {
            h = transformerBlock(at.at("transformer_blocks", i), h, encoderHiddenStates);
        }
        return h;
    }

    /** BasicTransformerBlock: self-attention, cross-attention and feed-forward, each behind a norm and a shortcut. */
    private Tensor transformerBlock(Scope at, Tensor x, Tensor encoderHiddenStates) {
        Tensor norm1 = at.layerNorm("norm1", x, BLOCK_EPS);
        Tensor h = x.add(attention(at.at("attn1"), norm1, norm1));
        Tensor norm2 = at.layerNorm("norm2", h, BLOCK_EPS);
        h = h.add(attention(at.at("attn2"), norm2, encoderHiddenStates));
        return h.add(feedForward(at.at("ff"), at.layerNorm("norm3", h, BLOCK_EPS)));
    }

    private Tensor attention(Scope at, Tensor x, Tensor context) {
        return at.weights().block(in -> attend(at, in[0], in[1]), x, context);
    }

    private Tensor attend(Scope at, Tensor x, Tensor context) {
        long width = x.size(-1);
        Tensor query = at.linearWithoutBias("to_q", x, width);
        Tensor key = at.linearWithoutBias("to_k", context, width);
        Tensor value = at.linearWithoutBias("to_v", context, width);
        return at.linear("to_out.0", query.attention(key, value, heads, false), width);
    }

    private static Tensor feedForward(Scope at, Tensor x) {
        return at.weights().block(in -> gated(at, in[0]), x);
    }

    /** GEGLU: one half of the hidden layer gates the other. */
    private static Tensor gated(Scope at, Tensor x) {
        long width = x.size(-1);
        long hidden = 4 * width;
        Tensor both = at.linear("net.0.proj", x, 2 * hidden);
        Tensor gate = both.narrow(-1, hidden, hidden).activate(Activation.GELU);
        return at.linear("net.2", both.narrow(-1, 0, hidden).mul(gate), width);
    }
}
