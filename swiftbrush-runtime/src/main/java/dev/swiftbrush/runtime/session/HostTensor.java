package dev.swiftbrush.runtime.session;

import dev.swiftbrush.DeviceException;
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
        return new HostTensor(type, sizes, memory(Math.toIntExact(bytes)));
    }

    /**
     * Direct memory in native order.
     *
     * @throws DeviceException if the JVM has no more of it
     */
    public static ByteBuffer memory(int bytes) {
        try {
            return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        } catch (OutOfMemoryError e) {
            throw new DeviceException(
                    "The JVM has no %d bytes of direct memory left; ask for smaller images, or raise -XX:MaxDirectMemorySize"
                            .formatted(bytes),
                    e);
        }
    }
}
