package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.DType;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Weights in training: single-precision masters, the copies that networks compute with, and their gradients, each in one
 * flat tensor. In single precision masters and copies are one. Use from one thread.
 */
public final class Parameters {
    private final FlatTensor master;
    private final FlatTensor working;
    private final FlatTensor gradient;
    private final Map<String, TorchTensor> leaves;
    private final boolean half;
    private final @Nullable FlatTensor sum;

    /**
     * Starts from {@code master}, which is taken over.
     *
     * @param compute the type that networks compute in
     * @param accumulates whether gradients of several backward passes are summed; in half precision, that is done in single
     */
    public Parameters(FlatTensor master, DType compute, boolean accumulates) {
        this.master = master;
        this.half = compute != DType.F32;
        this.working = half ? master.like(master.device(), compute) : master;
        this.gradient = master.like(master.device(), compute);
        this.sum = half && accumulates ? master.like(master.device(), DType.F32) : null;
        if (half) {
            working.copyFrom(master);
        }
        this.leaves = TorchWeights.tensors(master.names(), this::makeLeaf);
    }

    /** A leaf over the working copy, whose gradient gathers in the flat one. */
    private TorchTensor makeLeaf(String name) {
        TorchTensor leaf = working.view(name).leaf();
        leaf.value().mutable_grad().put(gradient.view(name).value());
        return leaf;
    }

    /** What a network computes with. */
    public TorchWeights weights() {
        return TorchWeights.of(leaves);
    }

    public FlatTensor master() {
        return master;
    }

    boolean has(String name) {
        return leaves.containsKey(name);
    }

    TorchTensor leaf(String name) {
        TorchTensor leaf = leaves.get(name);
        if (leaf == null) {
            throw new IllegalArgumentException("there is no parameter '%s'".formatted(name));
        }
        return leaf;
    }

    /** The gradient of one weight, which shares memory with the flat one. */
    public TorchTensor gradient(String name) {
        return gradient.view(name);
    }

    /** To be called after each backward pass when several are summed. */
    public void collectGradients() {
        if (sum != null) {
            try (NoGrad noGrad = NoGrad.begin();
                    Region region = Region.open()) {
                sum.flat().add_(gradient.flat());
                gradient.flat().zero_();
            }
        }
    }

    /** All gradients in one tensor, for what is done with them between their making and their use. */
    public TorchTensor flatGradient() {
        return new TorchTensor((sum == null ? gradient : sum).flat());
    }

    /** The Euclidean norm of all gradients; not finite if one of them is not. */
    public double gradientNorm() {
        try (Region region = Region.open()) {
            return flatGradient()
                    .value()
                    .norm(new ScalarOptional(new Scalar(2)), ScalarType.Float)
                    .item_double();
        }
    }

    public void clearGradients() {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            gradient.flat().zero_();
            if (sum != null) {
                sum.flat().zero_();
            }
        }
    }

    /** Lets networks see the masters as they are now; to be called after each change. */
    public void publish() {
        if (half) {
            working.copyFrom(master);
        }
    }
}
