package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.tensor.Activation;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;

/**
 * What the shapes of an original checkpoint's weights do not tell, because it is the same for a whole family of models.
 *
 * @param textLayers layers of the text encoder whose last hidden state the UNet attends to; OpenCLIP has one more
 * @param textHeads heads of the text encoder by its width
 * @param textActivation of the text encoder
 * @param unetHeads heads of the UNet by level, given the channels by level
 * @param unetGroups of the UNet's group norms
 * @param vaeGroups of the autoencoder's group norms
 * @param sample default height and width of the latents
 * @param padToken what a prompt is filled up with
 * @see <a href="https://github.com/CompVis/stable-diffusion/blob/main/configs/stable-diffusion/v1-inference.yaml">1.x</a>
 * @see <a href="https://github.com/Stability-AI/stablediffusion/blob/main/configs/stable-diffusion/v2-inference.yaml">2.x</a>
 */
record LdmFamily(
        String name,
        int textLayers,
        IntUnaryOperator textHeads,
        Activation textActivation,
        UnaryOperator<List<Integer>> unetHeads,
        int unetGroups,
        int vaeGroups,
        int sample,
        String padToken) {
    private static final int HEAD_WIDTH = 64;
    private static final int GROUPS = 32;
    private static final int SAMPLE = 64;

    static final LdmFamily SD1 = new LdmFamily(
            "Stable Diffusion 1.x",
            Limits.TEXT_LAYERS,
            width -> Math.max(1, width / HEAD_WIDTH),
            Activation.QUICK_GELU,
            channels -> channels.stream().map(width -> 8).toList(),
            GROUPS,
            GROUPS,
            SAMPLE,
            "<|endoftext|>");

    static final LdmFamily SD2 = new LdmFamily(
            "Stable Diffusion 2.x",
            23,
            width -> Math.max(1, width / HEAD_WIDTH),
            Activation.GELU,
            channels -> channels.stream()
                    .map(width -> Math.max(1, width / HEAD_WIDTH))
                    .toList(),
            GROUPS,
            GROUPS,
            SAMPLE,
            "!");
}
