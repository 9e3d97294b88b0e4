package dev.swiftbrush.runtime.weights;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of a safetensors header, each entry sound in itself; whether the entries fit the file is for
 * {@link Safetensors} to check.
 *
 * <p>Stricter than the reference reader 0.8.0, which keeps the last of two entries of one name, ignores fields it does not
 * know, and allows any white space around the object: here all three are refused, as the format's text has it.
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {

    static final int MAX_TENSORS = 100_000;
    static final int MAX_DIMENSIONS = 16;
    static final String METADATA = "__metadata__";

    /** One tensor; {@code begin} and {@code end} count from the first byte after the header. */
    record Entry(String name, DType dtype, List<Long> shape, long begin, long end) {

        StoredTensor at(Path file, long dataStart) {
            return new StoredTensor(name, dtype, shape, file, dataStart + begin, end - begin);
        }
    }

    /** Reads to the end of {@code in}. */
    static SafetensorsHeader read(Path file, InputStream in) throws IOException {
        return StrictJson.read(
                "header of " + file,
                in,
                StrictJson.Padding.SPACES,
                (json, fault) -> new Reader(file, json, fault).header());
    }

    private static final class Reader {

        private final Path file;
        private final JsonParser json;
        private final StrictJson.Fault fault;
        private final Map<String, Entry> entries = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();

        Reader(Path file, JsonParser json, StrictJson.Fault fault) {
            this.file = file;
            this.json = json;
            this.fault = fault;
        }

        SafetensorsHeader header() throws IOException {
            boolean metadataSeen = false;
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String name = json.currentName();
                if (name.equals(METADATA)) {
                    if (metadataSeen) {
                        throw fault.of("names __metadata__ twice");
                    }
                    metadataSeen = true;
                    metadata();
                } else {
                    entry(name);
                }
            }
            return new SafetensorsHeader(entries, metadata);
        }

        private void metadata() throws IOException {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw fault.of("gives __metadata__ as %s, which must be an object of strings"
                        .formatted(StrictJson.shown(json)));
            }
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                if (json.nextToken() != JsonToken.VALUE_STRING) {
                    throw fault.of("gives __metadata__ %s as %s, which must be a string"
                            .formatted(Messages.quoted(key), StrictJson.shown(json)));
                }
                if (metadata.putIfAbsent(key, json.getText()) != null) {
                    throw fault.of("names __metadata__ %s twice".formatted(Messages.quoted(key)));
                }
            }
        }

        private void entry(String name) throws IOException {
            if (entries.size() == MAX_TENSORS) {
                throw fault.of("names more than %d tensors".formatted(MAX_TENSORS));
            }
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw tensorFault(name, "is %s, but must be an object".formatted(StrictJson.shown(json)));
            }
            @Nullable DType dtype = null;
            @Nullable List<Long> shape = null;
            @Nullable List<Long> offsets = null;
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "dtype" -> dtype = once(name, field, dtype, dtype(name));
                    case "shape" -> shape = once(name, field, shape, wholeNumbers(name, field, MAX_DIMENSIONS));
                    case "data_offsets" -> offsets = once(name, field, offsets, wholeNumbers(name, field, 2));
                    default ->
                        throw tensorFault(
                                name,
                                "has a field %s, which the format does not know".formatted(Messages.quoted(field)));
                }
            }
            Entry entry = checked(
                    name,
                    required(name, "dtype", dtype),
                    required(name, "shape", shape),
                    required(name, "data_offsets", offsets));
            if (entries.putIfAbsent(name, entry) != null) {
                throw tensorFault(name, "is named twice");
            }
        }

        private Entry checked(String name, DType dtype, List<Long> shape, List<Long> offsets) {
            if (offsets.size() != 2) {
                throw tensorFault(name, "has the data_offsets %s, which must be a begin and an end".formatted(offsets));
            }
            if (shape.stream().anyMatch(size -> size < 0)) {
                throw tensorFault(name, "has the shape %s; sizes must not be negative".formatted(shape));
            }
            long begin = offsets.get(0);
            long end = offsets.get(1);
            if (begin < 0 || end < begin) {
                throw tensorFault(
                        name,
                        "has the data_offsets %s, which must not be negative nor end before they begin"
                                .formatted(offsets));
            }
            OptionalLong bytes = Shapes.byteLength(shape, dtype);
            if (bytes.isEmpty()) {
                throw tensorFault(name, "is %s %s, which is more than 2^63 bytes".formatted(dtype, shape));
            }
            if (bytes.getAsLong() != end - begin) {
                throw tensorFault(
                        name,
                        "is %s %s, %d bytes, but its data_offsets %s hold %d"
                                .formatted(dtype, shape, bytes.getAsLong(), offsets, end - begin));
            }
            return new Entry(name, dtype, shape, begin, end);
        }

        private DType dtype(String name) throws IOException {
            if (json.currentToken() != JsonToken.VALUE_STRING) {
                throw tensorFault(name, "gives dtype as %s, which must be a string".formatted(StrictJson.shown(json)));
            }
            String found = json.getText();
            return DType.parse(found)
                    .orElseThrow(() -> tensorFault(
                            name,
                            "has the dtype %s; supported are %s"
                                    .formatted(Messages.quoted(found), List.of(DType.values()))));
        }

        private List<Long> wholeNumbers(String name, String field, int most) throws IOException {
            if (json.currentToken() != JsonToken.START_ARRAY) {
                throw tensorFault(
                        name,
                        "gives %s as %s, which must be a list of whole numbers"
                                .formatted(field, StrictJson.shown(json)));
            }
            List<Long> numbers = new ArrayList<>();
            while (json.nextToken() != JsonToken.END_ARRAY) {
                if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
                        || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
                    throw tensorFault(
                            name,
                            "has %s in its %s, which must hold whole numbers below 2^63"
                                    .formatted(StrictJson.shown(json), field));
                }
                if (numbers.size() == most) {
                    throw tensorFault(name, "has more than %d numbers in its %s".formatted(most, field));
                }
                numbers.add(json.getLongValue());
            }
            return List.copyOf(numbers);
        }

        private <T> T once(String name, String field, @Nullable T before, T value) {
            if (before != null) {
                throw tensorFault(name, "gives %s twice".formatted(field));
            }
            return value;
        }

        private <T> T required(String name, String field, @Nullable T value) {
            if (value == null) {
                throw tensorFault(name, "has no %s".formatted(field));
            }
            return value;
        }

        private ModelException tensorFault(String name, String what) {
            return new ModelException("tensor %s in %s %s".formatted(Messages.quoted(name), file, what));
        }
    }
}
