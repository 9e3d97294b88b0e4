package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Converts the bytes of F32, F16 and BF16 tensors a chunk at a time, so that a whole tensor never lies on the heap.
 *
 * <p>Thread-safe.
 */
public final class FloatConversion {

    private static final Set<DType> SOURCES = Set.of(DType.F32, DType.F16, DType.BF16);
    private static final Set<DType> TARGETS = Set.of(DType.F32, DType.F16);
    private static final int CHUNK_ELEMENTS = 64 * 1024;

    private FloatConversion() {}

    /** Whether {@link #convert} takes this pair. */
    public static boolean supports(DType from, DType to) {
        return from == to || SOURCES.contains(from) && TARGETS.contains(to);
    }

    /**
     * Hands the elements of {@code source} to {@code sink} as little-endian {@code to}, in order.
     *
     * <p>To F32 is exact. To F16 rounds to the nearest, a tie to the even one, and magnitudes from 65520 on become infinity.
     * Between equal types the bytes pass unchanged, in one piece.
     *
     * @param source little-endian, read from its position to its limit; neither is moved
     * @param sink given a buffer that holds good only until it returns
     * @throws IllegalArgumentException if the pair is not supported, or {@code source} ends within an element
     */
    public static void convert(ByteBuffer source, DType from, DType to, Consumer<ByteBuffer> sink) {
        if (!supports(from, to)) {
            throw new IllegalArgumentException(
                    "%s cannot be converted to %s; F32, F16 and BF16 can, to F32 and F16".formatted(from, to));
        }
        if (source.remaining() % from.bytes() != 0) {
            throw new IllegalArgumentException(
                    "source must hold whole elements of %s, %d bytes each, but holds %d bytes"
                            .formatted(from, from.bytes(), source.remaining()));
        }
        ByteBuffer in = source.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (from == to) {
            sink.accept(in);
            return;
        }
        int elements = Math.min(CHUNK_ELEMENTS, in.remaining() / from.bytes());
        ByteBuffer chunk = ByteBuffer.allocate(elements * to.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            chunk.clear();
            while (chunk.hasRemaining() && in.hasRemaining()) {
                put(chunk, to, next(in, from));
            }
            sink.accept(chunk.flip());
        }
    }

    /** The element at the position of a little-endian buffer, which moves past it. */
    static float next(ByteBuffer in, DType type) {
        return switch (type) {
            case F32 -> in.getFloat();
            case F16 -> HalfPrecision.f16ToFloat(in.getShort());
            case BF16 -> HalfPrecision.bf16ToFloat(in.getShort());
            default -> throw new IllegalArgumentException(type + " is not read as floats");
        };
    }

    private static void put(ByteBuffer out, DType type, float value) {
        if (type == DType.F32) {
            out.putFloat(value);
        } else {
            out.putShort(HalfPrecision.floatToF16(value));
        }
    }
}
