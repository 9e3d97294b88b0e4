package dev.swiftbrush.runtime.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Safetensors files put together byte by byte, without the writer under test. */
final class SafetensorsBytes {

    private SafetensorsBytes() {}

    static Path write(Path file, String header, int... data) {
        return write(file, header.getBytes(StandardCharsets.UTF_8), data);
    }

    static Path write(Path file, byte[] header, int... data) {
        return write(file, header.length, header, data);
    }

    static Path write(Path file, long claimedHeaderBytes, byte[] header, int... data) {
        try {
            return Files.write(file, of(claimedHeaderBytes, header, data));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] of(String header, int... data) {
        byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
        return of(bytes.length, bytes, data);
    }

    private static byte[] of(long claimedHeaderBytes, byte[] header, int... data) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(claimedHeaderBytes)
                .put(header);
        for (int value : data) {
            bytes.put((byte) value);
        }
        return bytes.array();
    }

    /** One entry of a header. */
    static String entry(String name, String dtype, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, dtype, shape, begin, end);
    }
}
