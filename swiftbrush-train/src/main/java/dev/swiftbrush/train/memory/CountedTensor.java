package dev.swiftbrush.train.memory;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import dev.swiftbrush.train.memory.Activations.Storage;
import org.jspecify.annotations.Nullable;

/** The backend that counts bytes: it knows of each operation what libtorch keeps to go back through it. */
record CountedTensor(Activations activations, Shape shape, Storage storage) implements Tensor {

    private CountedTensor made(Shape result) {
        return new CountedTensor(activations, result, activations.allocate(result));
    }

    private CountedTensor view(Shape result) {
        return new CountedTensor(activations, result, storage);
    }

    private CountedTensor keep(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            activations.save(((CountedTensor) tensor).storage);
        }
        return this;
    }

    @Override
    public Tensor add(Tensor other) {
        return made(shape.broadcast(other.shape()));
    }

    @Override
    public Tensor mul(Tensor other) {
        return keep(this, other).made(shape.broadcast(other.shape()));
    }

    @Override
    public Tensor add(double scalar) {
        return made(shape);
    }

    @Override
    public Tensor mul(double scalar) {
        return made(shape);
    }

    @Override
    public Tensor clamp(double low, double high) {
        return keep(this).made(shape);
    }

    @Override
    public Tensor activate(Activation activation) {
        return keep(this).made(shape);
    }

    @Override
    public Tensor linear(Tensor weight, @Nullable Tensor bias) {
        return keep(this).made(shape.linear(weight.shape()));
    }

    @Override
    public Tensor conv2d(Tensor weight, @Nullable Tensor bias, Window window) {
        return keep(this).made(shape.conv2d(weight.shape(), window));
    }

    @Override
    public Tensor groupNorm(int groups, Tensor weight, Tensor bias, double eps) {
        return keep(this).made(shape);
    }

    @Override
    public Tensor layerNorm(Tensor weight, Tensor bias, double eps) {
        return keep(this).made(shape);
    }

    /** A fused kernel: queries, keys, values and the result are kept, and no scores. */
    @Override
    public Tensor attention(Tensor key, Tensor value, int heads, boolean causal) {
        CountedTensor mixed = made(shape);
        keep(this, key, value, mixed);
        return mixed.made(shape); // heads are laid side by side again
    }

    @Override
    public Tensor embedding(Tensor table) {
        return made(shape.unsqueeze(-1).with(-1, table.size(1)));
    }

    @Override
    public Tensor upsampleNearest() {
        return made(shape.doubled());
    }

    @Override
    public Tensor concat(int dim, Tensor other) {
        return made(shape.concat(dim, other.shape()));
    }

    @Override
    public Tensor narrow(int dim, long start, long length) {
        return view(shape.narrow(dim, start, length));
    }

    @Override
    public Tensor reshape(long... sizes) {
        return view(shape.reshape(sizes));
    }

    @Override
    public Tensor reshapeLike(Tensor other) {
        return made(other.shape()); // of a transposed sequence, which has to be copied
    }

    @Override
    public Tensor transpose(int a, int b) {
        return view(shape.transpose(a, b));
    }

    @Override
    public Tensor unsqueeze(int dim) {
        return view(shape.unsqueeze(dim));
    }

    @Override
    public Tensor toPixels() {
        return made(shape);
    }
}
