package dev.swiftbrush.runtime.session;

import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.LongStream;

/**
 * A tensor in memory that ONNX Runtime reads and writes in place. Use from one thread.
 *
 * @param data direct, in native order, exactly the tensor's bytes
 */
public record HostTensor(DType type, long[] sizes, ByteBuffer data) {

    public HostTensor {
        long bytes = LongStream.of(sizes).reduce(type.bytes(), Math::multiplyExact);
        if (!data.isDirect() || data.order() != ByteOrder.nativeOrder() || data.remaining() != bytes) {
            throw new IllegalArgumentException(
                    "a tensor of %d bytes needs a direct buffer in native order, but got %s".formatted(bytes, data));
        }
    }

    /** A tensor of zeros. */
    public static HostTensor allocate(DType type, long... sizes) {
        long bytes = LongStream.of(sizes).reduce(type.bytes(), Math::multiplyExact);
        ByteBuffer data = ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
        return new HostTensor(type, sizes, data);
    }
}
