package dev.swiftbrush.runtime.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The header of a new safetensors file, without the length before it: JSON, padded with spaces to a multiple of 8 bytes. */
final class HeaderBytes {

    private static final int ALIGNMENT = 8;

    private HeaderBytes() {}

    /**
     * @param ordered the tensors in the order of their data
     * @throws IllegalArgumentException if {@link SafetensorsHeader} would refuse the result
     */
    static byte[] of(List<SafetensorsWriter.Declaration> ordered, Map<String, String> metadata) {
        if (ordered.size() > SafetensorsHeader.MAX_TENSORS) {
            throw new IllegalArgumentException("a file holds at most %d tensors, but %d were declared"
                    .formatted(SafetensorsHeader.MAX_TENSORS, ordered.size()));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(SafetensorsHeader.METADATA);
                for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            long begin = 0;
            for (SafetensorsWriter.Declaration tensor : ordered) {
                long end = Math.addExact(begin, tensor.byteLength());
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", tensor.dtype().name());
                json.writeFieldName("shape");
                long[] sizes =
                        tensor.shape().stream().mapToLong(Long::longValue).toArray();
                json.writeArray(sizes, 0, sizes.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {begin, end}, 0, 2);
                json.writeEndObject();
                begin = end;
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalArgumentException("names or metadata cannot be written as JSON: " + e.getMessage(), e);
        }
        while (bytes.size() % ALIGNMENT != 0) {
            bytes.write(' ');
        }
        if (bytes.size() > Safetensors.MAX_HEADER_BYTES) {
            throw new IllegalArgumentException("names and metadata make a header of %d bytes; at most %d are allowed"
                    .formatted(bytes.size(), Safetensors.MAX_HEADER_BYTES));
        }
        return bytes.toByteArray();
    }
}
