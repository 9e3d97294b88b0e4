package dev.swiftbrush.runtime.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.NativeHeap;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Large graphs as ONNX Runtime has them once it opened them, with their weights laid out as this processor computes with
 * them: to open those takes seconds, since there is nothing left to do, and little memory, since the weights are mapped. A
 * folder per graph, which appears whole or not at all, and goes when nobody used it for a month. What cannot be kept is
 * opened the usual way. Thread-safe, also between processes.
 */
final class PreparedGraphs {
    private static final Logger log = LoggerFactory.getLogger(PreparedGraphs.class);

    /** A model with fewer bytes of weights opens fast enough. */
    static final long LARGE_BYTES = 256L << 20;

    /** CRC-32C of the graph and of its weights: against damage; who may write here is trusted anyhow. */
    private static final String CHECKSUMS = "CRC32C";

    /** The weights' size and times when they were last seen to be whole. */
    private static final String SEEN = "seen";

    private static final Duration UNUSED = Duration.ofDays(30);
    private static final Duration ABANDONED = Duration.ofHours(1);
    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");

    /** Free disk that is asked for, in bytes of weights: up to two are written, and as much is to be left. */
    private static final int ROOM = 4;

    private static final int BUFFER_BYTES = 1 << 20;

    private final Path entries;
    private final long leastBytes;

    /** @param leastBytes of weights that a graph is kept for */
    PreparedGraphs(Path entries, long leastBytes) {
        this.entries = entries;
        this.leastBytes = leastBytes;
    }

    /**
     * Opens a graph, and keeps it for the next time if it is large.
     *
     * @param name for messages
     * @param key tells all that the graph and its weights depend on
     * @param bytes of its weights
     * @param packs whether its layers are faster with packed weights, as those over 8-bit integers are
     * @throws ModelException if ONNX Runtime refuses the graph
     */
    GraphSession open(String name, String key, long bytes, LocatedGraph graph, ComputeDevice device, boolean packs) {
        Optional<Path> entry = bytes < leastBytes ? Optional.empty() : entry(key, device);
        return entry.flatMap(folder -> reopen(name, folder, device, packs)
                        .or(() -> prepare(name, folder, bytes, graph, device)
                                ? reopen(name, folder, device, packs)
                                : Optional.empty()))
                .orElseGet(() -> GraphSession.open(name, graph.bytes(), graph.root(), device));
    }

    private Optional<Path> entry(String key, ComputeDevice device) {
        return device.layout().map(layout -> entries.resolve(Fingerprints.sha256(key + "\n" + layout)));
    }

    private Optional<GraphSession> reopen(String name, Path entry, ComputeDevice device, boolean packs) {
        Path checksums = entry.resolve(CHECKSUMS);
        if (!Files.exists(checksums)) {
            return Optional.empty();
        }
        try {
            byte[] graph =
                    GraphCache.readAtMost(entry.resolve(GraphSession.PREPARED_GRAPH), GraphCache.MAX_GRAPH_BYTES);
            requireWhole(entry, graph);
            GraphSession session = GraphSession.openPrepared(name, graph, entry, device, packs);
            markUsed(checksums);
            log.debug("Opened the {} from {}", name, entry);
            return Optional.of(session);
        } catch (IOException | ModelException e) {
            log.warn("The prepared weights in {} cannot be used and are written anew: {}", entry, e.toString());
            remove(entry);
            return Optional.empty();
        }
    }

    /** Weights are read for this only if they changed their place or time since they were read or written. */
    private static void requireWhole(Path entry, byte[] graph) throws IOException {
        String recorded = text(entry.resolve(CHECKSUMS));
        Path weights = entry.resolve(GraphSession.PREPARED_WEIGHTS);
        String state = Fingerprints.state(weights);
        boolean known =
                Files.exists(entry.resolve(SEEN)) && text(entry.resolve(SEEN)).equals(state);
        if (known ? !recorded.startsWith(checksum(graph)) : !recorded.equals(checksum(graph) + checksum(weights))) {
            throw new IOException("its files do not have their checksums");
        }
        if (!known) {
            AtomicFile.write(entry.resolve(SEEN), state.getBytes(UTF_8));
        }
    }

    private static String text(Path file) throws IOException {
        return new String(GraphCache.readAtMost(file, GraphCache.MAX_CHECKSUMS_BYTES), UTF_8);
    }

    private static String checksum(byte[] graph) {
        CRC32C sum = new CRC32C();
        sum.update(graph);
        return line(sum, GraphSession.PREPARED_GRAPH);
    }

    private static String checksum(Path weights) throws IOException {
        CRC32C sum = new CRC32C();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        try (FileChannel channel = FileChannel.open(weights)) {
            while (channel.read(buffer) >= 0) {
                sum.update(buffer.flip());
                buffer.clear();
            }
        }
        return line(sum, GraphSession.PREPARED_WEIGHTS);
    }

    private static String line(CRC32C sum, String name) {
        return "%08x  %s%n".formatted(sum.getValue(), name);
    }

    /** Whether the entry is there now. */
    private boolean prepare(String name, Path entry, long bytes, LocatedGraph graph, ComputeDevice device) {
        Path unfinished = entries.resolve("." + entry.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.createDirectories(unfinished);
            removeUnused();
            if (!hasRoom(unfinished, bytes)) {
                return false;
            }
            log.info("Preparing the weights of the {} in {}, so that it opens faster next time", name, entry);
            GraphSession.prepare(name, graph.bytes(), graph.root(), device, unfinished);
            NativeHeap.trim();
            byte[] prepared = Files.readAllBytes(unfinished.resolve(GraphSession.PREPARED_GRAPH));
            String sums = checksum(prepared) + checksum(unfinished.resolve(GraphSession.PREPARED_WEIGHTS));
            AtomicFile.write(unfinished.resolve(CHECKSUMS), sums.getBytes(UTF_8));
            String state = Fingerprints.state(unfinished.resolve(GraphSession.PREPARED_WEIGHTS));
            AtomicFile.write(unfinished.resolve(SEEN), state.getBytes(UTF_8));
            move(unfinished, entry);
            return true;
        } catch (IOException | ModelException e) {
            log.warn(
                    "The prepared weights of the {} cannot be kept, so that every start takes its time; make {} writable with some room, or call prepareWeights(false): {}",
                    name,
                    entries,
                    e.toString());
            return false;
        } finally {
            remove(unfinished);
        }
    }

    private static void move(Path unfinished, Path entry) throws IOException {
        try {
            Files.move(unfinished, entry, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.exists(entry.resolve(CHECKSUMS))) { // else another process was faster
                throw e;
            }
        }
    }

    private static boolean hasRoom(Path folder, long bytes) throws IOException {
        FileStore store = Files.getFileStore(folder);
        if (IN_MEMORY.contains(store.type())) {
            log.debug("{} lies in memory, where no prepared weights are kept", folder);
            return false;
        }
        if (store.getUsableSpace() / ROOM < bytes) {
            log.info(
                    "No prepared weights are kept in {}: {} MB are free, {} MB are asked for",
                    folder.getParent(),
                    store.getUsableSpace() / 1_000_000,
                    bytes * ROOM / 1_000_000);
            return false;
        }
        return true;
    }

    private static void markUsed(Path checksums) {
        try {
            Files.setLastModifiedTime(checksums, FileTime.from(Instant.now()));
        } catch (IOException e) {
            log.debug("{} cannot be marked as used", checksums, e);
        }
    }

    private void removeUnused() throws IOException {
        Instant now = Instant.now();
        try (Stream<Path> folders = Files.list(entries)) {
            for (Path folder : folders.toList()) {
                Path checksums = folder.resolve(CHECKSUMS);
                boolean whole = Files.exists(checksums)
                        && !folder.getFileName().toString().startsWith(".");
                Instant used =
                        Files.getLastModifiedTime(whole ? checksums : folder).toInstant();
                if (used.isBefore(now.minus(whole ? UNUSED : ABANDONED))) {
                    log.info("Removing {}, which nobody used since {}", folder, used);
                    remove(folder);
                }
            }
        }
    }

    private static void remove(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.debug("{} cannot be removed", folder, e);
        }
    }
}
