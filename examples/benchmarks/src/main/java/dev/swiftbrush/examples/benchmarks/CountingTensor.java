package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.runtime.weights.Weights;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The backend that counts floating point operations: of convolutions, linear layers and attention, a multiplication and an addition for
 * each product, as if each were computed directly. All else is left out.
 */
record CountingTensor(ShapeTensor shapes, AtomicLong operations) implements Tensor {

    /** The operations of what a network does with what it is given. */
    static long count(Consumer<Input> network) {
        AtomicLong operations = new AtomicLong();
        network.accept(new Input(operations));
        return operations.get();
    }

    /** What a network is given. */
    record Input(AtomicLong operations) {
        Scope weights() {
            Weights any = (name, sizes) -> of(sizes);
            return Scope.of(any);
        }

        Tensor of(long... sizes) {
            return new CountingTensor(ShapeTensor.of(sizes), operations);
        }
    }

    private Tensor made(Tensor result) {
        return new CountingTensor((ShapeTensor) result, operations);
    }

    private static Tensor shapes(Tensor tensor) {
        return ((CountingTensor) tensor).shapes;
    }

    /** Counts {@code inputs} products for each value of the result. */
    private Tensor products(Tensor result, long inputs) {
        operations.addAndGet(2 * inputs * elements(result.shape()));
        return made(result);
    }

    private static long elements(Shape shape) {
        long count = 1;
        for (long size : shape.sizes()) {
            count = Math.multiplyExact(count, size);
        }
        return count;
    }

    @Override
    public Shape shape() {
        return shapes.shape();
    }

    @Override
    public Tensor linear(Tensor weight, @Nullable Tensor bias) {
        return products(shapes.linear(shapes(weight), null), weight.size(1));
    }

    @Override
    public Tensor conv2d(Tensor weight, @Nullable Tensor bias, Window window) {
        long inputs = weight.size(1) * weight.size(2) * weight.size(3);
        return products(shapes.conv2d(shapes(weight), null, window), inputs);
    }

    /** Scores and mixtures are as many products as there are keys for each value; what a mask leaves out is counted, too. */
    @Override
    public Tensor attention(Tensor key, Tensor value, int heads, boolean causal) {
        return products(shapes, 2 * key.size(1));
    }

    @Override
    public Tensor add(Tensor other) {
        return made(shapes.add(shapes(other)));
    }

    @Override
    public Tensor mul(Tensor other) {
        return made(shapes.mul(shapes(other)));
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
    public Tensor groupNorm(int groups, Tensor weight, Tensor bias, double eps) {
        return this;
    }

    @Override
    public Tensor layerNorm(Tensor weight, Tensor bias, double eps) {
        return this;
    }

    @Override
    public Tensor embedding(Tensor table) {
        return made(shapes.embedding(shapes(table)));
    }

    @Override
    public Tensor upsampleNearest() {
        return made(shapes.upsampleNearest());
    }

    @Override
    public Tensor concat(int dim, Tensor other) {
        return made(shapes.concat(dim, shapes(other)));
    }

    @Override
    public Tensor narrow(int dim, long start, long length) {
        return made(shapes.narrow(dim, start, length));
    }

    @Override
    public Tensor reshape(long... sizes) {
        return made(shapes.reshape(sizes));
    }

    @Override
    public Tensor reshapeLike(Tensor other) {
        return made(shapes.reshapeLike(other));
    }

    @Override
    public Tensor transpose(int a, int b) {
        return made(shapes.transpose(a, b));
    }

    @Override
    public Tensor unsqueeze(int dim) {
        return made(shapes.unsqueeze(dim));
    }

    @Override
    public Tensor toPixels() {
        return made(shapes.toPixels());
    }
}
