package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;

/**
 * Named weights in the form that one backend computes with. Names are the checkpoint's own, such as {@code
 * down_blocks.0.attentions.1.proj_in.weight}.
 */
public interface Weights {
    /** The weight {@code name}, which the architecture wants in the shape {@code sizes}. */
    Tensor get(String name, long... sizes);

    /**
     * The linear layer {@code name} over the last dimension of {@code x}. Adapters (LoRA) enter here.
     *
     * @param out features of the result
     * @param bias whether the layer has a bias
     */
    default Tensor linear(String name, Tensor x, long out, boolean bias) {
        Tensor weight = get(name + ".weight", out, x.size(-1));
        return x.linear(weight, bias ? get(name + ".bias", out) : null);
    }

    /**
     * The convolution {@code name}, with a bias, of an image {@code x [B, C, H, W]}. Adapters (LoRA) enter here, too.
     *
     * @param out channels of the result
     * @param kernel height and width of the kernel
     */
    default Tensor conv(String name, Tensor x, long out, int kernel, Window window) {
        Tensor weight = get(name + ".weight", out, x.size(1), kernel, kernel);
        return x.conv2d(weight, get(name + ".bias", out), window);
    }

    /**
     * Runs one block of a network; blocks nest. A backend may free what is inside when it ends, and one that computes gradients may keep only the inputs and run the block a second
     * time when it needs what is inside.
     *
     * @param inputs every tensor that the block computes from, weights aside
     */
    default Tensor block(Block block, Tensor... inputs) {
        return block.apply(inputs);
    }

    /** A part of a network: a function of its inputs that gives the same each time. */
    @FunctionalInterface
    interface Block {
        Tensor apply(Tensor... inputs);
    }
}
