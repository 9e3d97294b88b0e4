package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;

/** The memory of one session's inputs and outputs, kept from run to run and grown when needed. Use from one thread. */
final class Buffers {
    private final Map<String, ByteBuffer> memory = new HashMap<>();

    /** A tensor over the memory called {@code role}; what it held before is still in it. */
    HostTensor tensor(String role, DType type, long... sizes) {
        int bytes = Math.toIntExact(LongStream.of(sizes).reduce(type.bytes(), Math::multiplyExact));
        ByteBuffer whole = memory.get(role);
        if (whole == null || whole.capacity() < bytes) {
            whole = HostTensor.memory(bytes);
            memory.put(role, whole);
        }
        return new HostTensor(type, sizes, whole.slice(0, bytes).order(ByteOrder.nativeOrder()));
    }
}
