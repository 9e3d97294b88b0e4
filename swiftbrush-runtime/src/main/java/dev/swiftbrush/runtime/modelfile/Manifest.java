package dev.swiftbrush.runtime.modelfile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a model file says that it holds. It is the entry {@value #ENTRY}; the model's files lie beside
 * it, under {@value #FILES}. Immutable and thread-safe.
 *
 * @param name the model's, as an image records it
 * @param files by their paths in the model's folder, with slashes
 */
public record Manifest(String name, SortedMap<String, Part> files) {
    /** Where the manifest is; the API looks for a resource of that name. */
    public static final String ENTRY = "META-INF/swiftbrush/default-model.json";

    /** Where the model's files are. */
    public static final String FILES = "META-INF/swiftbrush/default-model/";

    /** More than any model that a machine for this SDK holds. */
    static final long MAX_BYTES = 64L << 30;

    private static final int MAX_FILES = 1_000;
    private static final int FORMAT = 1;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][\\w.@+-]{0,99}");
    private static final Pattern PATH = Pattern.compile(
            "(?:(?:scheduler|text_encoder|tokenizer|unet|vae)/)?[A-Za-z0-9_][\\w-]{0,99}(?:\\.[\\w-]{1,99}){0,4}");
    private static final Set<String> PICKLES = Set.of("bin", "ckpt", "pt", "pth", "pkl");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    /**
     * One of the model's files.
     *
     * @param sha256 in lower-case hex
     */
    public record Part(long bytes, String sha256) {}

    public Manifest {
        files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
    }

    /** Whether a model may be called that. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** Whether a file of that path belongs into a model file: in a model's folder or in that of a part, and no pickle. */
    public static boolean isPath(String path) {
        return PATH.matcher(path).matches() && !PICKLES.contains(path.substring(path.lastIndexOf('.') + 1));
    }

    /**
     * Reads what {@link #toJson} writes.
     *
     * @throws ModelException if it is something else
     */
    static Manifest of(byte[] json) {
        JsonFile file = JsonFile.of(Path.of("default-model.json"), json);
        if (file.root().path("format").asInt() != FORMAT) {
            throw file.fault("format", FORMAT + ", the only one that this version knows");
        }
        String name =
                file.text("name").filter(Manifest::isName).orElseThrow(() -> file.fault("name", "a model's name"));
        if (!(file.root().get("files") instanceof ObjectNode listed) || listed.isEmpty() || listed.size() > MAX_FILES) {
            throw file.fault("files", "an object of 1 to %d files".formatted(MAX_FILES));
        }
        SortedMap<String, Part> files = new TreeMap<>();
        Set<String> folded = new HashSet<>();
        long bytes = 0;
        for (Map.Entry<String, JsonNode> entry : listed.properties()) {
            if (!isPath(entry.getKey()) || !folded.add(entry.getKey().toLowerCase(Locale.ROOT))) {
                throw file.fault("files", "an object of paths in a model's folder, each once");
            }
            Part part = part(file, entry.getValue());
            files.put(entry.getKey(), part);
            bytes += part.bytes();
        }
        if (bytes > MAX_BYTES) {
            throw new ModelException(
                    "%s lists %d bytes; at most %d are unpacked".formatted(file.path(), bytes, MAX_BYTES));
        }
        return new Manifest(name, files);
    }

    private static Part part(JsonFile file, JsonNode node) {
        JsonNode bytes = node.path("bytes");
        String sha256 = node.path("sha256").asText();
        if (!bytes.isIntegralNumber()
                || !bytes.canConvertToLong()
                || bytes.longValue() < 0
                || bytes.longValue() > MAX_BYTES
                || !SHA256.matcher(sha256).matches()) {
            throw file.fault("files", "an object of files with bytes and sha256");
        }
        return new Part(bytes.longValue(), sha256);
    }

    /** The manifest's content; the same for the same files. */
    public byte[] toJson() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("format", FORMAT).put("name", name);
        ObjectNode listed = root.putObject("files");
        files.forEach((path, part) ->
                listed.putObject(path).put("bytes", part.bytes()).put("sha256", part.sha256()));
        return (root.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
