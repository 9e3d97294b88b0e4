package dev.swiftbrush.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@code index.json} says of a store: what it was made from, how it lies in files, and the files that are done.
 *
 * @param encoder fingerprint of the text encoder
 * @param prompts SHA-256 of the prompts
 * @param files those that are whole, by name
 */
record EmbeddingIndex(String encoder, String prompts, EmbeddingLayout layout, Map<String, Entry> files) {
    private static final Logger log = LoggerFactory.getLogger(EmbeddingIndex.class);

    static final String FILE = "index.json";
    private static final String FORMAT = "swiftbrush-embeddings-1";
    private static final long MAX_BYTES = 64 << 20;

    record Entry(long bytes, String sha256) {}

    static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    /** The same with a file more. */
    EmbeddingIndex with(String file, Entry entry) {
        Map<String, Entry> more = new TreeMap<>(files);
        more.put(file, entry);
        return new EmbeddingIndex(encoder, prompts, layout, more);
    }

    /** The same without the files that are gone or have another size than they were written with. */
    EmbeddingIndex withWholeFiles(Path folder) {
        Map<String, Entry> whole = new TreeMap<>(files);
        whole.entrySet().removeIf(each -> !isWhole(folder.resolve(each.getKey()), each.getValue()));
        return new EmbeddingIndex(encoder, prompts, layout, whole);
    }

    private static boolean isWhole(Path file, Entry entry) {
        try {
            if (Files.size(file) == entry.bytes()) {
                return true;
            }
        } catch (IOException e) {
            log.debug("{} cannot be read", file, e);
        }
        log.warn("{} is gone or has changed, and is made anew", file);
        return false;
    }

    boolean has(String file) {
        return files.containsKey(file);
    }

    @Nullable
    Entry entry(String file) {
        return files.get(file);
    }

    boolean isComplete() {
        return missing() == 0 && has(EmbeddingLayout.EMPTY_PROMPT);
    }

    /** How many shards are not done. */
    int missing() {
        int missing = 0;
        for (int shard = 0; shard < layout.shards(); shard++) {
            missing += has(layout.file(shard)) ? 0 : 1;
        }
        return missing;
    }

    void write(Path folder) {
        ObjectNode root = JsonOutput.object()
                .put("format", FORMAT)
                .put("encoder", encoder)
                .put("prompts", prompts)
                .put("count", layout.count())
                .put("tokens", layout.tokens())
                .put("width", layout.width())
                .put("dtype", layout.dtype().name())
                .put("prompts_per_shard", layout.promptsPerShard());
        ObjectNode entries = root.putObject("files");
        files.forEach((name, entry) ->
                entries.putObject(name).put("bytes", entry.bytes()).put("sha256", entry.sha256()));
        JsonOutput.write(folder.resolve(FILE), root);
    }

    /** @throws dev.swiftbrush.ModelException if the file is not an index */
    static EmbeddingIndex read(Path folder) {
        JsonFile json = JsonFile.read(folder.resolve(FILE), MAX_BYTES);
        if (!text(json, "format").equals(FORMAT)) {
            throw json.fault("format", FORMAT);
        }
        if (!(json.root().path("files") instanceof ObjectNode objects)) {
            throw json.fault("files", "an object");
        }
        Map<String, Entry> files = new TreeMap<>();
        for (Map.Entry<String, JsonNode> each : objects.properties()) {
            if (!(each.getValue() instanceof ObjectNode values)) {
                throw json.fault("files", "an object of objects");
            }
            JsonFile entry = new JsonFile(json.path(), values);
            files.put(each.getKey(), new Entry(count(entry, "bytes"), text(entry, "sha256")));
        }
        return new EmbeddingIndex(text(json, "encoder"), text(json, "prompts"), layout(json), files);
    }

    private static EmbeddingLayout layout(JsonFile json) {
        DType dtype = DType.parse(text(json, "dtype"))
                .filter(type -> type == DType.F16 || type == DType.F32)
                .orElseThrow(() -> json.fault("dtype", "F16 or F32"));
        try {
            return new EmbeddingLayout(
                    count(json, "count"),
                    count(json, "tokens"),
                    count(json, "width"),
                    dtype,
                    count(json, "prompts_per_shard"));
        } catch (IllegalArgumentException e) {
            throw new StorageException("%s: %s".formatted(json.path(), e.getMessage()), e);
        }
    }

    private static String text(JsonFile json, String key) {
        return json.text(key).orElseThrow(() -> json.fault(key, "a string"));
    }

    private static int count(JsonFile json, String key) {
        return json.count(key, Integer.MAX_VALUE).orElseThrow(() -> json.fault(key, "a number"));
    }
}
