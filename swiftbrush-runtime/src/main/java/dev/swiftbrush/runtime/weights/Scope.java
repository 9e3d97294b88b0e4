package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;

/**
 * A prefix over named weights, and the layers that stand directly below it.
 *
 * @param prefix empty, or a path that ends in a dot
 */
public record Scope(Weights weights, String prefix) {

    public static Scope of(Weights weights) {
        return new Scope(weights, "");
    }

    /** The scope one or more names further down, as in {@code at("resnets", 0)}. */
    public Scope at(Object... names) {
        StringBuilder path = new StringBuilder(prefix);
        for (Object name : names) {
            path.append(name).append('.');
        }
        return new Scope(weights, path.toString());
    }

    public Tensor weight(String name, long... sizes) {
        return weights.get(prefix + name, sizes);
    }

    public Tensor linear(String name, Tensor x, long out) {
        return weights.linear(prefix + name, x, out, true);
    }

    public Tensor linearWithoutBias(String name, Tensor x, long out) {
        return weights.linear(prefix + name, x, out, false);
    }

    public Tensor conv1x1(String name, Tensor x, long out) {
        return conv(name, x, out, 1, Window.same(1));
    }

    public Tensor conv3x3(String name, Tensor x, long out) {
        return conv(name, x, out, 3, Window.same(3));
    }

    public Tensor conv3x3WithoutBias(String name, Tensor x, long out) {
        return x.conv2d(at(name).weight("weight", out, x.size(1), 3, 3), null, Window.same(3));
    }

    public Tensor conv(String name, Tensor x, long out, int kernel, Window window) {
        return weights.conv(prefix + name, x, out, kernel, window);
    }

    public Tensor groupNorm(String name, Tensor x, int groups, double eps) {
        Scope at = at(name);
        return x.groupNorm(groups, at.weight("weight", x.size(1)), at.weight("bias", x.size(1)), eps);
    }

    public Tensor layerNorm(String name, Tensor x, double eps) {
        Scope at = at(name);
        return x.layerNorm(at.weight("weight", x.size(-1)), at.weight("bias", x.size(-1)), eps);
    }
}
