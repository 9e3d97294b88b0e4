package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import dev.swiftbrush.runtime.weights.Weights;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weights that libtorch computes with, one tensor a name. A block's inner tensors are freed as soon as it has run, but for
 * those that gradients need. Use from one thread.
 */
public final class TorchWeights implements Weights {
    private final Map<String, TorchTensor> tensors;
    private final @Nullable LoraAdapters adapters;
    private final @Nullable Tape tape;

    private TorchWeights(Map<String, TorchTensor> tensors, @Nullable LoraAdapters adapters, @Nullable Tape tape) {
        this.tensors = tensors;
        this.adapters = adapters;
        this.tape = tape;
    }

    /** Weights that stay as they are: views of {@code flat}. */
    public static TorchWeights frozen(FlatTensor flat) {
        return new TorchWeights(tensors(flat.names(), flat::view), null, null);
    }

    static Map<String, TorchTensor> tensors(Set<String> names, java.util.function.Function<String, TorchTensor> view) {
        Map<String, TorchTensor> tensors = new HashMap<>();
        try (Region region = Region.open()) {
            for (String name : names) {
                tensors.put(name, region.keep(view.apply(name)));
            }
        }
        return tensors;
    }

    static TorchWeights of(Map<String, TorchTensor> tensors) {
        return new TorchWeights(tensors, null, null);
    }

    /** The same tensors, with low-rank adapters beside some of the layers. */
    public TorchWeights with(LoraAdapters adapters) {
        return new TorchWeights(tensors, adapters, tape);
    }

    /** The same tensors, for one forward pass whose gradients {@code tape} will give. */
    public TorchWeights on(Tape tape) {
        return new TorchWeights(tensors, adapters, tape);
    }

    @Override
    public Tensor get(String name, long... sizes) {
        TorchTensor tensor = tensors.get(name);
        if (tensor == null || !tensor.shape().equals(Shape.of(sizes))) {
            throw new IllegalStateException("weight '%s' should be %s, but %s"
                    .formatted(name, Shape.of(sizes), tensor == null ? "is not there" : "is " + tensor.shape()));
        }
        return tensor;
    }

    @Override
    public Tensor linear(String name, Tensor x, long out, boolean bias) {
        Tensor y = Weights.super.linear(name, x, out, bias);
        return adapters == null ? y : adapters.apply(name, x, y);
    }

    @Override
    public Tensor conv(String name, Tensor x, long out, int kernel, Window window) {
        Tensor y = Weights.super.conv(name, x, out, kernel, window);
        return adapters == null ? y : adapters.apply(name, x, y, window);
    }

    @Override
    public Tensor block(Block block, Tensor... inputs) {
        if (tape != null) {
            return tape.run(block, inputs);
        }
        try (Region region = Region.open()) {
            return region.pass((TorchTensor) block.apply(inputs));
        }
    }
}
