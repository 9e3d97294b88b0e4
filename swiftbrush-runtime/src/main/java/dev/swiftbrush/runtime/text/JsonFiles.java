package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a tokenizer's JSON files within limits; every fault is a {@link ModelException} that names the file. */
final class JsonFiles {

    private static final int MAX_DEPTH = 32;
    private static final int MAX_STRING = 1 << 20;
    private static final int EXCERPT = 60;
    private static final int START_BYTES = 24;
    private static final long MIB = 1 << 20;

    private JsonFiles() {}

    /** What is done with a parser that stands on the opening brace of the file's object. */
    @FunctionalInterface
    interface ObjectReader<T> {
        T read(JsonParser parser) throws IOException;
    }

    /** Streams a file that holds one JSON object. */
    static <T> T stream(Path file, long maxMib, ObjectReader<T> reader) {
        checkSize(file, maxMib);
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file));
                JsonParser parser = factory(maxMib).createParser(fetched(file, in))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new ModelException(file + " must hold a JSON object");
            }
            T read = reader.read(parser);
            if (parser.nextToken() != null) {
                throw new ModelException(file + " goes on after its JSON object");
            }
            return read;
        } catch (JsonProcessingException e) {
            throw new ModelException("%s is not valid JSON: %s".formatted(file, JsonFile.problem(e)), e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static InputStream fetched(Path file, InputStream in) throws IOException {
        in.mark(START_BYTES);
        JsonFile.requireFetched(file, in.readNBytes(START_BYTES));
        in.reset();
        return in;
    }

    /** Reads a small file that holds one JSON object. */
    static JsonNode readObject(Path file, long maxMib) {
        return stream(file, maxMib, parser -> new ObjectMapper().readTree(parser));
    }

    /** Reads an object that is in memory already; {@code source} is what messages call it. */
    static ObjectNode readObject(String source, byte[] json, long maxMib) {
        if (json.length > maxMib * MIB) {
            throw new ModelException(
                    "%s has %d bytes, and at most %d MiB are read".formatted(source, json.length, maxMib));
        }
        try (JsonParser parser = factory(maxMib).createParser(json)) {
            if (new ObjectMapper().readTree(parser) instanceof ObjectNode root && parser.nextToken() == null) {
                return root;
            }
            throw new ModelException(source + " must hold a JSON object and nothing else");
        } catch (JsonProcessingException e) {
            throw new ModelException("%s is not valid JSON: %s".formatted(source, JsonFile.problem(e)), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory throws none
        }
    }

    static void checkSize(Path file, long maxMib) {
        try {
            if (Files.exists(file) && !Files.isRegularFile(file)) { // a pipe or a device may never end
                throw new ModelException(file + " is not a regular file");
            }
            long size = Files.size(file);
            if (size > maxMib * MIB) {
                throw new ModelException("%s has %d bytes, and at most %d MiB are read".formatted(file, size, maxMib));
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static ModelException unreadable(Path file, IOException cause) {
        return new ModelException("%s cannot be read: %s".formatted(file, cause), cause);
    }

    /** The start of a value, short enough for a message. */
    static String excerpt(JsonNode value) {
        String text = value.toString();
        return text.length() <= EXCERPT ? text : text.substring(0, EXCERPT) + "...";
    }

    private static JsonFactory factory(long maxMib) {
        return JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxStringLength(MAX_STRING)
                        .maxDocumentLength(maxMib * MIB)
                        .build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // a vocabulary's names occur once each
                .build();
    }
}
