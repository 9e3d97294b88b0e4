package dev.swiftbrush.train.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The files of a checkpoint, by size and SHA-256, in {@code manifest.json} beside them.
 *
 * @param files by path relative to the checkpoint, with slashes
 */
record Manifest(long step, Map<String, Entry> files) {
    static final String FILE = "manifest.json";
    private static final String FORMAT = "swiftbrush-checkpoint-1";
    private static final long MAX_BYTES = 16 << 20;
    private static final double MOST = 0x1p53; // the largest whole number that JSON readers keep

    record Entry(long bytes, String sha256) {}

    /** Reads every file in {@code folder}. */
    static Manifest of(long step, Path folder) {
        Map<String, Entry> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.toList()) {
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    continue;
                }
                String name = folder.relativize(file).toString().replace('\\', '/');
                if (name.equals(FILE) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    throw new IllegalArgumentException(
                            "a checkpoint holds regular files, none of them called %s, but got %s"
                                    .formatted(FILE, name));
                }
                files.put(name, new Entry(Files.size(file), Sha256.of(file)));
            }
        } catch (IOException e) {
            throw StorageException.cannotRead(folder, e);
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException("a checkpoint holds at least one file, but nothing was written");
        }
        return new Manifest(step, files);
    }

    void write(Path folder) {
        ObjectNode root = JsonOutput.object().put("format", FORMAT).put("step", step);
        ObjectNode entries = root.putObject("files");
        files.forEach((name, entry) ->
                entries.putObject(name).put("bytes", entry.bytes()).put("sha256", entry.sha256()));
        JsonOutput.write(folder.resolve(FILE), root);
    }

    /**
     * Holds the files in {@code folder} against its manifest; files that it does not name are nobody's concern.
     *
     * @throws StorageException if a file is missing or not what it was
     * @throws ModelException if the manifest cannot be read
     */
    static void verify(long step, Path folder) {
        JsonFile json = JsonFile.read(folder.resolve(FILE), MAX_BYTES);
        if (!json.text("format").orElse("none").equals(FORMAT)) {
            throw json.fault("format", FORMAT);
        }
        if (!(json.root().path("step").isIntegralNumber()
                && json.root().path("step").longValue() == step)) {
            throw json.fault("step", Long.toString(step));
        }
        if (!(json.root().path("files") instanceof ObjectNode files) || files.isEmpty()) {
            throw json.fault("files", "an object with the checkpoint's files");
        }
        for (Map.Entry<String, JsonNode> each : files.properties()) {
            if (!(each.getValue() instanceof ObjectNode values)) {
                throw json.fault("files", "an object of objects");
            }
            JsonFile entry = new JsonFile(json.path(), values);
            long bytes = entry.number("bytes", 0, MOST)
                    .orElseThrow(() -> entry.fault("bytes", "a number"))
                    .longValue();
            String sha256 = entry.text("sha256").orElseThrow(() -> entry.fault("sha256", "a string"));
            verify(folder, each.getKey(), new Entry(bytes, sha256));
        }
    }

    private static Path inside(Path folder, String name) {
        try {
            Path file = folder.resolve(name).normalize();
            if (file.startsWith(folder.normalize())) {
                return file;
            }
        } catch (InvalidPathException e) {
            throw new StorageException("%s names a file that cannot be".formatted(folder.resolve(FILE)), e);
        }
        throw new StorageException("%s names a file outside of its folder".formatted(folder.resolve(FILE)));
    }

    private static void verify(Path folder, String name, Entry expected) {
        Path file = inside(folder, name);
        try {
            if (!Files.isRegularFile(file)) {
                throw new StorageException("%s is missing".formatted(name));
            }
            long bytes = Files.size(file);
            if (bytes != expected.bytes()) {
                throw new StorageException("%s has %d bytes instead of %d".formatted(name, bytes, expected.bytes()));
            }
            if (!Sha256.of(file).equals(expected.sha256())) {
                throw new StorageException("%s does not have its checksum".formatted(name));
            }
        } catch (IOException e) {
            throw StorageException.cannotRead(file, e);
        }
    }
}
