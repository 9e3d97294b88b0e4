package dev.swiftbrush.runtime.tensor;

import org.jspecify.annotations.Nullable;

/** The backend that only follows shapes: what a network asks of its weights is known without having any. */
public record ShapeTensor(Shape shape) implements Tensor {

    public static ShapeTensor of(long... sizes) {
        return new ShapeTensor(Shape.of(sizes));
    }

    @Override
    public Tensor add(Tensor other) {
        return new ShapeTensor(shape.broadcast(other.shape()));
    }

    @Override
    public Tensor mul(Tensor other) {
        return new ShapeTensor(shape.broadcast(other.shape()));
    }

    @Override
    public Tensor add(double scalar) {
        return this;
    }

    @Override
    public Tensor mul(double scalar) {
        return this;
    }

    @Override
    public Tensor clamp(double low, double high) {
        return this;
    }

    @Override
    public Tensor activate(Activation activation) {
        return this;
    }

    @Override
    public Tensor linear(Tensor weight, @Nullable Tensor bias) {
        return new ShapeTensor(shape.linear(weight.shape()));
    }

    @Override
    public Tensor conv2d(Tensor weight, @Nullable Tensor bias, Window window) {
        return new ShapeTensor(shape.conv2d(weight.shape(), window));
    }

    @Override
    public Tensor groupNorm(int groups, Tensor weight, Tensor bias, double eps) {
        return this;
    }

    @Override
    public Tensor layerNorm(Tensor weight, Tensor bias, double eps) {
        return this;
    }

    @Override
    public Tensor attention(Tensor key, Tensor value, int heads, boolean causal) {
        return this;
    }

    @Override
    public Tensor embedding(Tensor table) {
        return new ShapeTensor(shape.unsqueeze(-1).with(-1, table.size(1)));
    }

    @Override
    public Tensor upsampleNearest() {
        return new ShapeTensor(shape.doubled());
    }

    @Override
    public Tensor concat(int dim, Tensor other) {
        return new ShapeTensor(shape.concat(dim, other.shape()));
    }

    @Override
    public Tensor narrow(int dim, long start, long length) {
        return new ShapeTensor(shape.narrow(dim, start, length));
    }

    @Override
    public Tensor reshape(long... sizes) {
        return new ShapeTensor(shape.reshape(sizes));
    }

    @Override
    public Tensor reshapeLike(Tensor other) {
        return new ShapeTensor(other.shape());
    }

    @Override
    public Tensor transpose(int a, int b) {
        return new ShapeTensor(shape.transpose(a, b));
    }

    @Override
    public Tensor unsqueeze(int dim) {
        return new ShapeTensor(shape.unsqueeze(dim));
    }

    @Override
    public Tensor toPixels() {
        return ShapeTensor.of(shape.get(0), shape.get(2), shape.get(3), shape.get(1));
    }
}
