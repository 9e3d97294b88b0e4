package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.runtime.tensor.Tensor;

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
