package dev.swiftbrush.train.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Writes JSON. Thread-safe. */
public final class JsonOutput {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private JsonOutput() {}

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /**
     * The value as JSON.
     *
     * @param value of numbers, strings, booleans, lists, maps and records of them
     * @throws IllegalArgumentException if it is something else
     */
    public static JsonNode node(Object value) {
        return MAPPER.valueToTree(value);
    }

    /** The value in one line. */
    public static String text(JsonNode value) {
        return value.toString();
    }

    /**
     * Writes a file that is there whole or not at all.
     *
     * @throws dev.swiftbrush.ModelException if the disk refuses
     */
    public static void write(Path file, JsonNode value) {
        try {
            String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
            AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree is always JSON", e);
        }
    }
}
