package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.Scope;
import org.jspecify.annotations.Nullable;

/**
 * ResnetBlock2D: two normalised convolutions around a shortcut, the timestep added between them.
 *
 * @param groups groups of the normalisations
 */
record ResnetBlock(int groups, double eps, Activation activation) {

    /**
     * @param x image {@code [B, C, H, W]}
     * @param temb timestep embedding {@code [B or 1, E]}, or null where a network knows no time
     * @return image {@code [B, channels, H, W]}
     */
    Tensor apply(Scope at, Tensor x, @Nullable Tensor temb, int channels) {
        return temb == null
                ? at.weights().block(in -> layers(at, in[0], null, channels), x)
                : at.weights().block(in -> layers(at, in[0], in[1], channels), x, temb);
    }

    private Tensor layers(Scope at, Tensor x, @Nullable Tensor temb, int channels) {
        Tensor h = at.groupNorm("norm1", x, groups, eps).activate(activation);
        h = at.conv3x3("conv1", h, channels);
        if (temb != null) {
            Tensor shift = at.linear("time_emb_proj", temb.activate(activation), channels);
            h = h.add(shift.unsqueeze(-1).unsqueeze(-1)); // [B, C, 1, 1]
        }
        h = at.groupNorm("norm2", h, groups, eps).activate(activation);
        h = at.conv3x3("conv2", h, channels);
        return h.add(x.size(1) == channels ? x : at.conv1x1("conv_shortcut", x, channels));
    }
}
