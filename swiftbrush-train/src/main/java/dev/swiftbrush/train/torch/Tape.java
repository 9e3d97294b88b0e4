package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.Weights.Block;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of one forward pass. Either libtorch keeps what they need, or nothing that lies inside a block is kept and
 * each block is run again when its turn comes (gradient checkpointing).
 *
 * <p>Blocks within blocks belong to the outermost. For running one again, its output is cut from its history. Going backward, blocks are run again in reverse order, each with the
 * gradient that has gathered at its output. Use once, from one thread.
 *
 * @see <a href="https://arxiv.org/abs/1604.06174">Training Deep Nets with Sublinear Memory Cost</a>
 */
public final class Tape {
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Tensor, TorchTensor> leaves = new IdentityHashMap<>();
    private final boolean recomputes;
    private boolean within;

    /** @param recomputes whether blocks are run again instead of being kept */
    public Tape(boolean recomputes) {
        this.recomputes = recomputes;
    }

    /**
     * Something to go back through.
     *
     * @param output the leaf at which the gradient gathers
     * @param block what made it, or null for a tensor that was merely cut from its history
     */
    private record Entry(TorchTensor output, @Nullable Block block, Tensor[] inputs) {}

    TorchTensor run(Block block, Tensor... inputs) {
        if (!recomputes || within) {
            try (Region region = Region.open()) {
                return region.pass((TorchTensor) block.apply(inputs));
            }
        }
        Tensor[] cut = new Tensor[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            cut[i] = ((TorchTensor) inputs[i]).requiresGrad() ? cut((TorchTensor) inputs[i]) : inputs[i];
        }
        TorchTensor output;
        within = true;
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            output = region.pass((TorchTensor) block.apply(cut));
        } finally {
            within = false;
        }
        TorchTensor leaf = output.leaf();
        leaves.put(leaf, leaf);
        entries.add(new Entry(leaf, block, cut));
        return leaf;
    }

    private TorchTensor cut(TorchTensor input) {
        TorchTensor leaf = leaves.get(input);
        if (leaf == null) {
            leaf = input.leaf();
            leaves.put(input, leaf);
            leaves.put(leaf, leaf);
            entries.add(new Entry(leaf, null, new Tensor[] {input}));
        }
        return leaf;
    }

    /** Adds the gradients of {@code sum(output · gradient)} to those of all leaves. */
    public void backward(TorchTensor output, TorchTensor gradient) {
        within = true;
        backward(output, gradient, false);
        for (int i = entries.size() - 1; i >= 0; i--) {
            Entry entry = entries.get(i);
            try (Region region = Region.open()) {
                TorchTensor gathered = entry.output().grad();
                if (gathered == null) {
                    continue;
                }
                if (entry.block() == null) { // may be gone through again from another cut
                    backward((TorchTensor) entry.inputs()[0], gathered, true);
                } else {
                    backward((TorchTensor) entry.block().apply(entry.inputs()), gathered, false);
                }
            }
        }
        within = false;
        entries.clear();
        leaves.clear();
    }

    private static void backward(TorchTensor output, TorchTensor gradient, boolean again) {
        if (!output.requiresGrad()) { // nothing in it learns
            return;
        }
        try (Region region = Region.open()) {
            output.value().backward(gradient.value(), new BoolOptional(again), false, new TensorArrayRefOptional());
        }
    }
}
