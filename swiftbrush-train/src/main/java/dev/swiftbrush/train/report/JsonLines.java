package dev.swiftbrush.train.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.train.files.StorageException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A file of JSON objects, one a line, each with the {@code step} it belongs to. Every line is handed to the system as it is
 * written, so a killed run loses at most a part of its last one. An interrupt does not
 * keep it from writing. Use from one thread.
 *
 * <p>JSON has no word for NaN and the infinities; they are written as the strings {@code "NaN"}, {@code "Infinity"} and {@code
 * "-Infinity"}, which keeps them apart (Python's {@code float()} and JavaScript's {@code Number()} understand all three).
 */
final class JsonLines implements AutoCloseable {

    static final int MAX_LINE_BYTES = 1 << 20;

    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(16)
                            .maxNumberLength(64)
                            .maxNameLength(4096)
                            .maxStringLength(MAX_LINE_BYTES)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Path path;
    private final RandomAccessFile file; // a channel would be closed by an interrupt

    private JsonLines(Path path, RandomAccessFile file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Opens a file to be gone on with after {@code completedSteps}: lines of later steps are removed, and so is a last line that
     * is not whole. 0 starts it anew.
     *
     * @throws StorageException if another line is damaged, or the file cannot be read or written
     */
    static JsonLines resume(Path path, long completedSteps) {
        try {
            long kept = completedSteps == 0 || !Files.exists(path) ? 0 : bytesUpTo(path, completedSteps);
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
            try {
                file.setLength(kept);
                file.seek(kept);
            } catch (IOException e) {
                file.close();
                throw e;
            }
            return new JsonLines(path, file);
        } catch (IOException e) {
            throw StorageException.cannotWrite(path, e);
        }
    }

    /** Tells the whole lines in order, each with its step; a last line that is not whole is left out. */
    static void read(Path path, BiConsumer<Long, ObjectNode> reader) {
        try (Lines lines = new Lines(path)) {
            for (Line line = lines.next(); line != null; line = lines.next()) {
                reader.accept(line.step, line.object);
            }
        } catch (IOException e) {
            throw StorageException.cannotRead(path, e);
        }
    }

    static ObjectNode object(long step) {
        return MAPPER.createObjectNode().put("step", step);
    }

    /** Adds a number, which may be infinite or not a number. */
    static void put(ObjectNode object, String key, double value) {
        if (Double.isFinite(value)) {
            object.put(key, value);
        } else {
            object.put(key, Double.toString(value));
        }
    }

    /** The number that {@link #put} wrote; null if {@code value} is none. */
    static @Nullable Double number(@Nullable JsonNode value) {
        if (value == null) {
            return null;
        }
        if (value.isNumber()) {
            return value.doubleValue();
        }
        return switch (value.asText()) {
            case "NaN" -> Double.NaN;
            case "Infinity" -> Double.POSITIVE_INFINITY;
            case "-Infinity" -> Double.NEGATIVE_INFINITY;
            default -> null;
        };
    }

    void write(ObjectNode line) {
        try {
            file.write((MAPPER.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw StorageException.cannotWrite(path, e);
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw StorageException.cannotWrite(path, e);
        }
    }

    private static long bytesUpTo(Path path, long step) throws IOException {
        try (Lines lines = new Lines(path)) {
            long end = 0;
            for (Line line = lines.next(); line != null && line.step <= step; line = lines.next()) {
                end = line.end;
            }
            return end;
        }
    }

    /** @param end the position after its line feed */
    private record Line(long step, ObjectNode object, long end) {}

    private static final class Lines implements AutoCloseable {

        private final Path path;
        private final InputStream in;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private long number;
        private long position;

        Lines(Path path) throws IOException {
            this.path = path;
            this.in = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
        }

        @Nullable
        Line next() throws IOException {
            bytes.reset();
            number++;
            for (int next = in.read(); next != '\n'; next = in.read()) {
                if (next < 0) {
                    return null; // not whole
                }
                if (bytes.size() == MAX_LINE_BYTES) {
                    throw damaged("is longer than %d bytes".formatted(MAX_LINE_BYTES), null);
                }
                bytes.write(next);
            }
            position += bytes.size() + 1;
            try (JsonParser json = MAPPER.createParser(bytes.toByteArray())) {
                if (!(MAPPER.readTree(json) instanceof ObjectNode object)) {
                    throw damaged("is not a JSON object", null);
                }
                JsonNode step = object.path("step");
                if (!step.isIntegralNumber() || !step.canConvertToLong()) {
                    throw damaged("has no step", null);
                }
                return new Line(step.longValue(), object, position);
            } catch (JsonProcessingException e) {
                throw damaged("is not valid JSON", e);
            }
        }

        private StorageException damaged(String what, @Nullable Exception cause) {
            String message = "line %d of %s %s; move the file away to go on without it".formatted(number, path, what);
            return cause == null ? new StorageException(message) : new StorageException(message, cause);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
