package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.runtime.tensor.DType;
import java.util.List;
import java.util.OptionalLong;

/** Arithmetic on shapes that come from files. */
final class Shapes {

    private Shapes() {}

    /** Bytes of a tensor; empty if a size is negative or a partial product does not fit in 63 bits. */
    static OptionalLong byteLength(List<Long> shape, DType dtype) {
        if (shape.stream().anyMatch(size -> size < 0)) {
            return OptionalLong.empty();
        }
        try {
            long elements = shape.stream().reduce(1L, Math::multiplyExact);
            return OptionalLong.of(Math.multiplyExact(elements, dtype.bytes()));
        } catch (ArithmeticException e) {
            return OptionalLong.empty();
        }
    }

    /** {@link #byteLength} of an argument, which must have one. */
    static long requireByteLength(String name, List<Long> shape, DType dtype) {
        return byteLength(shape, dtype)
                .orElseThrow(() -> new IllegalArgumentException(
                        "tensor %s has the shape %s; sizes must not be negative and their bytes must stay below 2^63"
                                .formatted(Messages.quoted(name), shape)));
    }
}
