package dev.swiftbrush.runtime.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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
        for (String key : metadata.keySet()) {
            if (key.length() > StrictJson.MAX_NAME_LENGTH) {
                throw new IllegalArgumentException("metadata key must not be longer than %d characters, but %s has %d"
                        .formatted(StrictJson.MAX_NAME_LENGTH, Messages.quoted(key), key.length()));
            }
        }
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
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
                long end = begin + tensor.byteLength();
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
            throw new UncheckedIOException(e); // a StringWriter throws none
        }
        return padded(utf8(text.toString()));
    }

    private static ByteBuffer utf8(String json) {
        try {
            return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(json)); // reports half a surrogate pair
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    "names or metadata hold half a surrogate pair, which UTF-8 cannot write", e);
        }
    }

    private static byte[] padded(ByteBuffer json) {
        int bytes = json.remaining();
        int length = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (length > Safetensors.MAX_HEADER_BYTES) {
            throw new IllegalArgumentException("names and metadata make a header of %d bytes; at most %d are allowed"
                    .formatted(length, Safetensors.MAX_HEADER_BYTES));
        }
        byte[] padded = new byte[length];
        json.get(padded, 0, bytes);
        Arrays.fill(padded, bytes, length, (byte) ' ');
        return padded;
    }
}
