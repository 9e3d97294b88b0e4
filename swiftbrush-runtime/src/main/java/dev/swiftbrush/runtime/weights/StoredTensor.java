package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.runtime.tensor.DType;
import java.nio.file.Path;
import java.util.List;

/**
 * Where one tensor lies in a file: row-major, little-endian, {@code byteLength} bytes from {@code offset}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name the checkpoint's own name, {@code "conv_in.weight"}
 * @param shape one size per dimension; empty for a scalar, and a size may be 0
 * @param offset bytes from the start of the file, not necessarily a multiple of the element size
 */
public record StoredTensor(String name, DType dtype, List<Long> shape, Path file, long offset, long byteLength) {

    /**
     * @throws IllegalArgumentException if a size or the offset is negative, the shape's product overflows, or
     *     {@code byteLength} is not what the shape and the type ask for
     */
    public StoredTensor {
        shape = List.copyOf(shape);
        if (offset < 0) {
            throw new IllegalArgumentException(
                    "offset of tensor %s must not be negative, but was %d".formatted(Messages.quoted(name), offset));
        }
        long expected = Shapes.requireByteLength(name, shape, dtype);
        if (byteLength != expected) {
            throw new IllegalArgumentException("tensor %s is %s %s, %d bytes, but byteLength was %d"
                    .formatted(Messages.quoted(name), dtype, shape, expected, byteLength));
        }
    }

    /** Number of elements: the product of the sizes, 1 for a scalar. */
    public long elements() {
        return byteLength / dtype.bytes();
    }

    /** The shape as a new array. */
    public long[] sizes() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }
}
