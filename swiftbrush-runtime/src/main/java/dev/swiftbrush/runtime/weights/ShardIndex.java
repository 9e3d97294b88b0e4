package dev.swiftbrush.runtime.weights;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The {@code weight_map} of a {@code *.safetensors.index.json}: which tensors lie in which file beside it.
 *
 * @param byShard file name to tensor names; the files in the order of their names
 */
record ShardIndex(Map<String, List<String>> byShard) {

    private static final long MAX_BYTES = 20_000_000;
    private static final int MAX_SHARDS = 1_000;

    /** @throws ModelException if the file is not an index, or names a shard outside its own folder */
    static ShardIndex read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new ModelException(file + " is not a regular file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new ModelException("index %s is %d bytes; at most %d are read".formatted(file, bytes, MAX_BYTES));
            }
            return StrictJson.read("index " + file, in, StrictJson.Padding.WHITE_SPACE, ShardIndex::read);
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(file, Messages.reason(e)), e);
        }
    }

    private static ShardIndex read(JsonParser json, StrictJson.Fault fault) throws IOException {
        Map<String, List<String>> byShard = new TreeMap<>();
        boolean seen = false;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            json.nextToken();
            if (!field.equals("weight_map")) {
                json.skipChildren(); // sizes and counts, which the shards' own headers tell
                continue;
            }
            if (seen) {
                throw fault.of("names weight_map twice");
            }
            seen = true;
            weightMap(json, fault, byShard);
        }
        if (byShard.isEmpty()) {
            throw fault.of(seen ? "has an empty weight_map" : "has no weight_map");
        }
        return new ShardIndex(byShard);
    }

    private static void weightMap(JsonParser json, StrictJson.Fault fault, Map<String, List<String>> byShard)
            throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw fault.of("gives weight_map as %s, which must be an object".formatted(StrictJson.shown(json)));
        }
        Set<String> names = new HashSet<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            if (!names.add(name)) {
                throw fault.of("names tensor %s twice".formatted(Messages.quoted(name)));
            }
            if (names.size() > SafetensorsHeader.MAX_TENSORS) {
                throw fault.of("names more than %d tensors".formatted(SafetensorsHeader.MAX_TENSORS));
            }
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw fault.of("places tensor %s in %s, which must be a file name"
                        .formatted(Messages.quoted(name), StrictJson.shown(json)));
            }
            String shard = json.getText();
            if (!isPlainFileName(shard)) {
                throw fault.of(
                        "places tensor %s in %s; a shard must be a .safetensors file beside the index, without a path"
                                .formatted(Messages.quoted(name), Messages.quoted(shard)));
            }
            byShard.computeIfAbsent(shard, unseen -> new ArrayList<>()).add(name);
            if (byShard.size() > MAX_SHARDS) {
                throw fault.of("names more than %d shards".formatted(MAX_SHARDS));
            }
        }
    }

    /** No separator or drive of any platform, no control character, so that it can only be a file of this very folder. */
    private static boolean isPlainFileName(String name) {
        return name.length() <= 255
                && name.endsWith(".safetensors")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || Character.isISOControl(c))
                && isNameHere(name);
    }

    /** Whether this file system can write the name; under the locale "C", Java writes no more than ASCII. */
    private static boolean isNameHere(String name) {
        try {
            return Path.of(name).getNameCount() == 1;
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
