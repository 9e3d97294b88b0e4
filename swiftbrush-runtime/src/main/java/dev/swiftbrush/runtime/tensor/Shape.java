package dev.swiftbrush.runtime.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * The sizes of a tensor, some of them {@link #UNKNOWN} while a graph is written (batch, height, width). Negative
 * dimensions count from the last. Immutable.
 */
public final class Shape {
    /** A size that is known only when the network runs. */
    public static final long UNKNOWN = -1;

    private final long[] sizes;

    private Shape(long[] sizes) {
        this.sizes = sizes;
    }

    public static Shape of(long... sizes) {
        return new Shape(sizes.clone());
    }

    public int rank() {
        return sizes.length;
    }

    /** The size of one dimension, or {@link #UNKNOWN}. */
    public long get(int dim) {
        return sizes[index(dim)];
    }

    public long[] sizes() {
        return sizes.clone();
    }

    /** The same shape with one size replaced. */
    public Shape with(int dim, long size) {
        long[] changed = sizes();
        changed[index(dim)] = size;
        return new Shape(changed);
    }

    /** Turns a dimension that may be negative into one that counts from the first. */
    public int index(int dim) {
        int index = dim < 0 ? dim + sizes.length : dim;
        require(index >= 0 && index < sizes.length, "%s has no dimension %d", this, dim);
        return index;
    }

    /** The shape of an elementwise operation on both, sizes of one being stretched. */
    public Shape broadcast(Shape other) {
        long[] result = new long[Math.max(rank(), other.rank())];
        for (int i = 1; i <= result.length; i++) {
            long a = i <= rank() ? get(-i) : 1;
            long b = i <= other.rank() ? other.get(-i) : 1;
            require(a == b || a == 1 || b == 1 || a == UNKNOWN || b == UNKNOWN, "%s and %s do not fit", this, other);
            result[result.length - i] = a == 1 || (a == UNKNOWN && b != 1) ? b : a;
        }
        return new Shape(result);
    }

    /** The shape after a reshape to {@code target}, in which {@link Tensor#KEEP} keeps a size and one -1 is the rest. */
    public Shape reshape(long... target) {
        long[] result = target.clone();
        int rest = -1;
        for (int i = 0; i < result.length; i++) {
            if (result[i] == Tensor.KEEP) {
                result[i] = get(i);
            } else if (result[i] == -1) {
                require(rest < 0, "a reshape to %s leaves more than one size open", Arrays.toString(target));
                rest = i;
            }
        }
        if (rest >= 0 && known()) {
            result[rest] = 1;
            long others = product(result);
            require(others > 0 && product(sizes) % others == 0, "%s cannot become %s", this, Arrays.toString(target));
            result[rest] = product(sizes) / others;
        }
        Shape reshaped = new Shape(result);
        require(
                !known() || !reshaped.known() || product(sizes) == product(result),
                "%s cannot become %s",
                this,
                Arrays.toString(target));
        return reshaped;
    }

    /** The shape of both laid one behind the other along {@code dim}. */
    public Shape concat(int dim, Shape other) {
        require(rank() == other.rank(), "%s and %s do not fit", this, other);
        long sum = get(dim) == UNKNOWN || other.get(dim) == UNKNOWN ? UNKNOWN : get(dim) + other.get(dim);
        Shape result = with(dim, sum);
        for (int i = 0; i < rank(); i++) {
            if (i != index(dim)) {
                long a = get(i);
                long b = other.get(i);
                require(a == b || a == UNKNOWN || b == UNKNOWN, "%s and %s do not fit", this, other);
                result = result.with(i, a == UNKNOWN ? b : a);
            }
        }
        return result;
    }

    /** The shape of the {@code length} entries from {@code start} along {@code dim}. */
    public Shape narrow(int dim, long start, long length) {
        require(
                start >= 0 && length > 0 && (get(dim) == UNKNOWN || start + length <= get(dim)),
                "dimension %d of %s does not hold %d entries from %d",
                dim,
                this,
                length,
                start);
        return with(dim, length);
    }

    public Shape transpose(int a, int b) {
        return with(a, get(b)).with(b, get(a));
    }

    /** The shape with a new dimension of size 1 at {@code dim}, which may be -1 for the last. */
    public Shape unsqueeze(int dim) {
        int at = dim < 0 ? dim + rank() + 1 : dim;
        require(at >= 0 && at <= rank(), "%s takes no new dimension %d", this, dim);
        long[] result = new long[rank() + 1];
        for (int i = 0; i < result.length; i++) {
            result[i] = i == at ? 1 : sizes[i < at ? i : i - 1];
        }
        return new Shape(result);
    }

    /** The shape of {@code x · weightᵀ} for this {@code x} and a weight {@code [out, in]}. */
    public Shape linear(Shape weight) {
        require(get(-1) == weight.get(1), "a linear layer %s cannot take %s", weight, this);
        return with(-1, weight.get(0));
    }

    /** The shape of an image {@code [B, C, H, W]} convolved with a weight {@code [out, C, k, k]}. */
    public Shape conv2d(Shape weight, Window window) {
        require(get(1) == weight.get(1), "a convolution %s cannot take %s", weight, this);
        Shape result =
                of(get(0), weight.get(0), window.output(get(2), weight.get(2)), window.output(get(3), weight.get(3)));
        require(
                (get(2) == UNKNOWN || result.get(2) > 0) && (get(3) == UNKNOWN || result.get(3) > 0),
                "%s is smaller than the kernel of a convolution %s",
                this,
                weight);
        return result;
    }

    /** The shape of an image {@code [B, C, H, W]} at twice its height and width. */
    public Shape doubled() {
        return of(get(0), get(1), twice(get(2)), twice(get(3)));
    }

    /** Whether every size is known. */
    public boolean known() {
        return LongStream.of(sizes).noneMatch(size -> size == UNKNOWN);
    }

    private static long twice(long size) {
        return size == UNKNOWN ? UNKNOWN : 2 * size;
    }

    private static long product(long[] sizes) {
        return LongStream.of(sizes).reduce(1, Math::multiplyExact);
    }

    private static void require(boolean holds, String message, Object... arguments) {
        if (!holds) {
            throw new IllegalArgumentException(String.format(message, arguments));
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sizes);
    }

    /** As in {@code [?, 4, ?, ?]}. */
    @Override
    public String toString() {
        return LongStream.of(sizes)
                .mapToObj(size -> size == UNKNOWN ? "?" : Long.toString(size))
                .collect(Collectors.joining(", ", "[", "]"));
    }
}
