package dev.swiftbrush.runtime.tensor;

import java.util.Arrays;
import java.util.Optional;

/**
 * Element type of a tensor, under the name that safetensors gives it.
 *
 * <p>Thread-safe.
 */
public enum DType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /**
     * The type that safetensors calls {@code name}; empty for any other name, those of safetensors' types that are not
     * supported here (the unsigned above U8, the 8-bit floats, the complex ones) included.
     */
    public static Optional<DType> parse(String name) {
        return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }
}
