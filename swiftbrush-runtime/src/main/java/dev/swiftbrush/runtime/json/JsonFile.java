package dev.swiftbrush.runtime.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A JSON object in a file that somebody else wrote: read within limits, asked by key and type. Every fault is a {@link
 * ModelException} that names the file and the key. A key with the value {@code null} counts as absent.
 *
 * <p>Immutable, if {@link #root()} is left as it is.
 */
public record JsonFile(Path path, ObjectNode root) {
    /** Enough for any configuration; larger files are refused unread. */
    public static final long MAX_CONFIG_BYTES = 1 << 20;

    private static final byte[] LFS_POINTER = "version https://git-lfs".getBytes(UTF_8);
    private static final int MOST_NAMED = 8;

    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(32)
                            .maxNumberLength(64)
                            .maxNameLength(4096)
                            .maxStringLength(1 << 16)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // Python writes -Infinity
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Reads a configuration of at most {@link #MAX_CONFIG_BYTES}. */
    public static JsonFile read(Path path) {
        return read(path, MAX_CONFIG_BYTES);
    }

    /** Reads a configuration if there is one. */
    public static Optional<JsonFile> readIfPresent(Path path) {
        return Files.exists(path) ? Optional.of(read(path)) : Optional.empty();
    }

    /** Reads an object that lies beside {@code owner} on the class path. */
    public static JsonFile resource(Class<?> owner, String name) {
        try (InputStream in = Objects.requireNonNull(owner.getResourceAsStream(name), name)) {
            return new JsonFile(Path.of(name), (ObjectNode) MAPPER.readTree(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads an object from a file of at most {@code maxBytes}. */
    public static JsonFile read(Path path, long maxBytes) {
        try {
            if (!Files.isRegularFile(path)) {
                throw new ModelException("%s does not exist".formatted(path));
            }
            long bytes = Files.size(path);
            if (bytes > maxBytes) {
                throw new ModelException("%s has %d bytes; at most %d are read".formatted(path, bytes, maxBytes));
            }
            return of(path, Files.readAllBytes(path));
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(path, e), e);
        }
    }

    /** Reads an object that came from elsewhere; {@code source} names it in messages. */
    public static JsonFile of(Path source, byte[] content) {
        requireFetched(source, content);
        try {
            if (!(MAPPER.readTree(content) instanceof ObjectNode root)) {
                throw new ModelException("%s does not hold a JSON object".formatted(source));
            }
            return new JsonFile(source, root);
        } catch (JsonProcessingException e) {
            throw new ModelException("%s is not valid JSON: %s".formatted(source, problem(e)), e);
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(source, e), e);
        }
    }

    /** What is wrong with a text, without Jackson's remarks on where it could have named its source. */
    public static String problem(JsonProcessingException e) {
        return e.getOriginalMessage().replaceAll("\\[Source: [^\\]]*; (line: \\d+, column: \\d+)\\]", "$1");
    }

    /**
     * Refuses what Git leaves in place of a large file that was not fetched.
     *
     * @param start of the file's content, at least 24 bytes if it has as many
     */
    public static void requireFetched(Path path, byte[] start) {
        if (Arrays.mismatch(start, LFS_POINTER) == LFS_POINTER.length) {
            throw new ModelException(
                    "%s is a Git LFS pointer and not the file itself; fetch it with git lfs pull".formatted(path));
        }
    }

    public boolean has(String key) {
        return root.hasNonNull(key);
    }

    public Optional<String> text(String key) {
        return value(key, "a string", JsonNode::isTextual).map(JsonNode::textValue);
    }

    public boolean flag(String key, boolean fallback) {
        return value(key, "true or false", JsonNode::isBoolean)
                .map(JsonNode::booleanValue)
                .orElse(fallback);
    }

    /** A number from {@code least} to {@code most}. */
    public Optional<Double> number(String key, double least, double most) {
        return value(
                        key,
                        "a number from %s to %s".formatted(least, most),
                        node -> node.isNumber() && node.doubleValue() >= least && node.doubleValue() <= most)
                .map(JsonNode::doubleValue);
    }

    /** A whole number from 1 to {@code most}. */
    public Optional<Integer> count(String key, int most) {
        return value(key, "a whole number from 1 to " + most, node -> isCount(node, most))
                .map(JsonNode::intValue);
    }

    /** Whole numbers from 1 to {@code most}: a list of {@code length}, or one that is meant for all of them. */
    public Optional<List<Integer>> counts(String key, int length, int most) {
        String wanted = "a whole number from 1 to %d or a list of %d of them".formatted(most, length);
        Predicate<JsonNode> fits = node -> isCount(node, most) || isCounts(node, length, length, most);
        return value(key, wanted, fits)
                .map(node -> node.isArray() ? integers(node) : Collections.nCopies(length, node.intValue()));
    }

    /** A list of 1 to {@code longest} whole numbers from 1 to {@code most}. */
    public Optional<List<Integer>> countList(String key, int longest, int most) {
        String wanted = "a list of 1 to %d whole numbers from 1 to %d".formatted(longest, most);
        return value(key, wanted, node -> isCounts(node, 1, longest, most)).map(JsonFile::integers);
    }

    /** A list of strings. */
    public Optional<List<String>> texts(String key) {
        return value(key, "a list of strings", JsonNode::isArray).map(node -> {
            List<String> texts = new ArrayList<>();
            for (JsonNode item : node) {
                if (!item.isTextual()) {
                    throw fault(key, "a list of strings");
                }
                texts.add(item.textValue());
            }
            return List.copyOf(texts);
        });
    }

    /**
     * Refuses keys that nobody knows and that say something: a value other than null or false changes the network in a
     * way that would go unnoticed. Keys that begin with an underscore are remarks.
     */
    public void refuseKeysOtherThan(Set<String> known) {
        List<String> unknown = new ArrayList<>();
        root.properties().forEach(field -> {
            JsonNode value = field.getValue();
            boolean silent = value.isNull() || (value.isBoolean() && !value.booleanValue());
            if (!silent && !field.getKey().startsWith("_") && !known.contains(field.getKey())) {
                unknown.add(shortened(field.getKey()) + "=" + excerpt(value));
            }
        });
        if (!unknown.isEmpty()) {
            String named = unknown.stream().sorted().limit(MOST_NAMED).collect(Collectors.joining(", "));
            String more = unknown.size() > MOST_NAMED ? " and %d more".formatted(unknown.size() - MOST_NAMED) : "";
            throw new ModelException("%s sets %s%s, which is not supported".formatted(path, named, more));
        }
    }

    /** Refuses any value of {@code key} but {@code supported}; absent means supported. */
    public void requireOnly(String key, Object supported) {
        JsonNode value = root.get(key);
        if (value != null && !value.isNull() && !same(value, supported)) {
            throw new ModelException(
                    "%s sets %s=%s; only %s is supported".formatted(path, key, excerpt(value), supported));
        }
    }

    /** Refuses any value of {@code key}: it must be absent, null or false. */
    public void requireUnset(String key) {
        JsonNode value = root.get(key);
        if (value != null && !value.isNull() && !same(value, false)) {
            throw new ModelException("%s sets %s=%s, which is not supported".formatted(path, key, excerpt(value)));
        }
    }

    /** The fault of a {@code key} whose value is not {@code wanted}. */
    public ModelException fault(String key, String wanted) {
        return new ModelException(
                "%s: %s must be %s, but was %s".formatted(path, key, wanted, excerpt(root.path(key))));
    }

    private Optional<JsonNode> value(String key, String wanted, Predicate<JsonNode> fits) {
        JsonNode value = root.get(key);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (!fits.test(value)) {
            throw fault(key, wanted);
        }
        return Optional.of(value);
    }

    private static boolean isCount(JsonNode node, int most) {
        return node.isIntegralNumber() && node.canConvertToInt() && node.intValue() > 0 && node.intValue() <= most;
    }

    private static boolean isCounts(JsonNode node, int shortest, int longest, int most) {
        return node.isArray()
                && node.size() >= shortest
                && node.size() <= longest
                && elements(node).allMatch(item -> isCount(item, most));
    }

    private static List<Integer> integers(JsonNode list) {
        return elements(list).map(JsonNode::intValue).toList();
    }

    private static Stream<JsonNode> elements(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    /** Types count: to Python the string "false" is true. */
    private static boolean same(JsonNode value, Object supported) {
        if (supported instanceof Number number) {
            return value.isNumber() && value.doubleValue() == number.doubleValue();
        }
        if (supported instanceof Boolean flag) {
            return value.isBoolean() && value.booleanValue() == flag;
        }
        return value.isTextual() && value.textValue().equals(supported);
    }

    private static String excerpt(JsonNode value) {
        return value.isMissingNode() ? "absent" : shortened(value.toString());
    }

    private static String shortened(String text) {
        return text.length() > 80 ? text.substring(0, 80) + "..." : text;
    }
}
