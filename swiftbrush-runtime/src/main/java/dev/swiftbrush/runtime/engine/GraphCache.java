package dev.swiftbrush.runtime.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Graphs kept between runs: a folder per entry, named by the SHA-256 of all that the graphs depend on, which holds them and
 * their checksums. A damaged entry is seen, written anew and never used. Thread-safe, also between processes: a file
 * appears whole or not at all, and whoever writes the same entry writes the same bytes.
 */
final class GraphCache {
    private static final Logger log = LoggerFactory.getLogger(GraphCache.class);
    private static final String CHECKSUMS = "SHA256SUMS";
    static final long MAX_GRAPH_BYTES = 64L << 20;
    static final long MAX_CHECKSUMS_BYTES = 1024;

    private final Path entries;
    private final Path fingerprints;
    private final Path models;
    private final PreparedGraphs prepared;
    private final HalfCopy halves;
    private final Calibrations calibrations;

    /** @param directory null for the operating system's place for caches */
    GraphCache(@Nullable Path directory) {
        this(directory, true);
    }

    /** @param prepare whether to keep large graphs as they are once opened */
    GraphCache(@Nullable Path directory, boolean prepare) {
        Path place = directory != null ? directory : CacheDirectory.ofThisUser();
        this.entries = place.resolve("graphs");
        this.fingerprints = place.resolve("fingerprints");
        this.models = place.resolve("models");
        this.prepared =
                new PreparedGraphs(place.resolve("prepared"), prepare ? PreparedGraphs.LARGE_BYTES : Long.MAX_VALUE);
        Path copies = place.resolve("half");
        this.halves = new HalfCopy(copies);
        Path found = place.resolve("int8");
        this.calibrations = new Calibrations(found);
        AtomicFile.removeAbandoned(found);
        AtomicFile.removeAbandoned(copies);
        AtomicFile.removeAbandoned(entries);
        AtomicFile.removeAbandoned(fingerprints);
    }

    /**
     * The graphs of a model: those kept, else those exported, which are kept if that is possible.
     *
     * @param hash of all that they depend on, see {@link #hash}
     * @param exports what writes each graph, by the name of its file
     */
    Map<String, ModelProto> graphs(String hash, Map<String, Supplier<ModelProto>> exports) {
        Path entry = entries.resolve(hash);
        return read(entry, exports.keySet()).orElseGet(() -> {
            Map<String, ModelProto> graphs = new TreeMap<>();
            exports.forEach((name, export) -> graphs.put(name, export.get()));
            write(entry, graphs);
            return graphs;
        });
    }

    /** The SHA-256 of all that a model's graphs depend on. */
    String hash(CacheKey key) {
        Fingerprints known = fingerprints();
        StringBuilder content = new StringBuilder(key.settings());
        key.files()
                .forEach((name, file) ->
                        content.append('\n').append(name).append('=').append(known.of(file)));
        return Fingerprints.sha256(content.toString());
    }

    /** The hashes of files, remembered beside the graphs. */
    Fingerprints fingerprints() {
        return new Fingerprints(fingerprints);
    }

    /** Where models are unpacked to. */
    Path models() {
        return models;
    }

    /** Weights in half precision. */
    HalfCopy halves() {
        return halves;
    }

    /** What calibrations for 8-bit integers found. */
    Calibrations calibrations() {
        return calibrations;
    }

    /** Graphs as they are once opened. */
    PreparedGraphs prepared() {
        return prepared;
    }

    private static Optional<Map<String, ModelProto>> read(Path entry, Set<String> names) {
        Path checksums = entry.resolve(CHECKSUMS);
        if (!Files.exists(checksums)) {
            return Optional.empty();
        }
        try {
            List<String> lines = List.of(new String(readAtMost(checksums, MAX_CHECKSUMS_BYTES), UTF_8).split("\n"));
            Map<String, ModelProto> graphs = new TreeMap<>();
            for (String name : names) {
                byte[] content = readAtMost(entry.resolve(name), MAX_GRAPH_BYTES);
                if (!lines.contains(checksum(name, content))) {
                    throw new IOException(name + " does not have its checksum");
                }
                graphs.put(name, ModelProto.parseFrom(content));
            }
            log.debug("Took the graphs from {}", entry);
            return Optional.of(graphs);
        } catch (ClosedChannelException e) { // the thread was interrupted
            throw new ModelException("%s cannot be read: %s".formatted(entry, e), e);
        } catch (IOException e) {
            log.warn("The cache entry {} is damaged and is written anew: {}", entry, e.toString());
            return Optional.empty();
        }
    }

    static byte[] readAtMost(Path file, long bytes) throws IOException {
        if (Files.size(file) > bytes) {
            throw new IOException("%s has more than %d bytes".formatted(file, bytes));
        }
        return Files.readAllBytes(file);
    }

    private static void write(Path entry, Map<String, ModelProto> graphs) {
        try {
            Files.createDirectories(entry);
            List<String> checksums = new ArrayList<>();
            for (Map.Entry<String, ModelProto> graph : graphs.entrySet()) {
                byte[] content = graph.getValue().toByteArray();
                AtomicFile.write(entry.resolve(graph.getKey()), content);
                checksums.add(checksum(graph.getKey(), content));
            }
            AtomicFile.write(
                    entry.resolve(CHECKSUMS), String.join("\n", checksums).getBytes(UTF_8));
        } catch (IOException | ModelException e) {
            log.warn(
                    "The graphs cannot be kept and are written again next time; make {} writable with some room, or call cacheDirectory(Path): {}",
                    entry,
                    e.toString());
        }
    }

    /** A line as {@code sha256sum} writes it. */
    private static String checksum(String name, byte[] content) {
        return Fingerprints.sha256(content) + "  " + name;
    }
}
