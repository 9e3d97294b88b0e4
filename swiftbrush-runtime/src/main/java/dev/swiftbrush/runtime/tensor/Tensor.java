package dev.swiftbrush.runtime.tensor;

import org.jspecify.annotations.Nullable;

/**
 * A value in a network: the operations that networks are written against. A backend gives them their meaning: one
 * writes a graph, one computes, one only follows shapes. Tensors of two backends do not mix.
 *
 * <p>Images are {@code [B, C, H, W]}, sequences {@code [B, N, C]}. Batch, height and width may be unknown to the one who
 * writes the network, so no network asks for them: {@link #KEEP} and {@link #reshapeLike} serve instead. Negative
 * dimensions count from the last. Tensors are immutable; use them from one thread.
 */
public interface Tensor {
    /** In {@link #reshape}: the size that stands at this place already. */
    long KEEP = 0;

    Shape shape();

    /**
     * A size that the architecture fixes.
     *
     * @throws IllegalStateException if it is known only when the network runs
     */
    default long size(int dim) {
        long size = shape().get(dim);
        if (size == Shape.UNKNOWN) {
            throw new IllegalStateException("the size of dimension " + dim + " of " + shape() + " is not known yet");
        }
        return size;
    }

    /** Adds elementwise, stretching sizes of one. */
    Tensor add(Tensor other);

    /** Multiplies elementwise, stretching sizes of one. */
    Tensor mul(Tensor other);

    Tensor add(double scalar);

    Tensor mul(double scalar);

    /** Replaces what is below {@code low} or above {@code high}. */
    Tensor clamp(double low, double high);

    Tensor activate(Activation activation);

    /** {@code x · weightᵀ + bias} over the last dimension; the weight is {@code [out, in]}, the bias {@code [out]}. */
    Tensor linear(Tensor weight, @Nullable Tensor bias);

    /** Convolves an image with a weight {@code [out, in, k, k]} and adds a bias {@code [out]}, if there is one. */
    Tensor conv2d(Tensor weight, @Nullable Tensor bias, Window window);

    /** Normalises each group of channels of an image over its pixels; weight and bias are {@code [C]}. */
    Tensor groupNorm(int groups, Tensor weight, Tensor bias, double eps);

    /** Normalises over the last dimension; weight and bias are {@code [C]}. */
    Tensor layerNorm(Tensor weight, Tensor bias, double eps);

    /**
     * Multi-head scaled dot-product attention with this as the query.
     *
     * <p>Query {@code [B, N, heads·D]}, key and value {@code [B, M, heads·D]}; the scores are divided by sqrt(D) and
     * kept from overflow in half precision.
     *
     * @param causal whether position n sees only positions up to n; then N and M are equal
     */
    Tensor attention(Tensor key, Tensor value, int heads, boolean causal);

    /** Looks up rows of {@code table [rows, C]} for integer ids of any shape: {@code [..., C]}. */
    Tensor embedding(Tensor table);

    /** Doubles height and width of an image by repeating its pixels. */
    Tensor upsampleNearest();

    /** Lays {@code other} behind this along {@code dim}. */
    Tensor concat(int dim, Tensor other);

    /** The {@code length} entries from {@code start} along {@code dim}. */
    Tensor narrow(int dim, long start, long length);

    /** Reads the same elements as another shape; {@link #KEEP} keeps a size, one -1 is what remains. */
    Tensor reshape(long... sizes);

    /** Reads the same elements in the shape of {@code other}. */
    Tensor reshapeLike(Tensor other);

    Tensor transpose(int a, int b);

    /** Inserts a dimension of size 1. */
    Tensor unsqueeze(int dim);

    /** Turns an image with values in [0, 1] into bytes: round(255 x), half to even, {@code [B, H, W, C]}. */
    Tensor toPixels();
}
