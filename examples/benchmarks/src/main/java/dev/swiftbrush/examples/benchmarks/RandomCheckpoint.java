package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A checkpoint in diffusers layout whose weights are random: the same bytes on every machine. One that is there already
 * is taken as it is if it is whole; tensors are written in pieces and never held.
 */
final class RandomCheckpoint {
    private static final int PIECE_BYTES = 4 << 20;
    private static final long SPARE_BYTES = 64L << 20; // vocabulary, headers, graphs
    private static final String RECORD = "benchmark.txt";
    private static final String VERSION = "random weights 1, seed " + RandomWeights.SEED;

    private final Architecture architecture;
    private final Path folder;

    RandomCheckpoint(Architecture architecture, Path folder) {
        this.architecture = architecture;
        this.folder = folder;
    }

    /** Whether the folder holds this checkpoint, and all of it. */
    boolean isComplete() throws IOException {
        if (!record().equals(complete())) {
            return false;
        }
        for (String file : Architecture.FILES) {
            Path path = folder.resolve(file);
            if (!Files.exists(path)
                    || !Files.readString(path).equals(new String(architecture.file(file), StandardCharsets.UTF_8))) {
                return false;
            }
        }
        try {
            Checkpoint.open(folder, false);
            return true;
        } catch (ModelException e) {
            return false;
        }
    }

    /**
     * Writes the checkpoint.
     *
     * @throws IOException if the disk has not enough room, or the folder holds something else
     */
    void write() throws IOException {
        if (record().isEmpty() && Files.isDirectory(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                if (entries.findAny().isPresent()) {
                    throw new IOException(
                            "%s holds something else than a checkpoint of this benchmark; name an empty folder with --checkpoint"
                                    .formatted(folder));
                }
            }
        }
        delete();
        Files.createDirectories(folder);
        requireRoom(folder, architecture.weightBytes() + SPARE_BYTES);
        Files.writeString(folder.resolve(RECORD), "unfinished");
        for (String file : Architecture.FILES) {
            Path path = folder.resolve(file);
            Files.createDirectories(path.getParent());
            Files.write(path, architecture.file(file));
        }
        MadeUpVocabulary.of(architecture.vocabulary()).write(folder.resolve("tokenizer"));
        for (Map.Entry<String, List<Declaration>> file : architecture.weights().entrySet()) {
            writeWeights(folder.resolve(file.getKey()), file.getValue());
        }
        Files.writeString(folder.resolve(RECORD), complete());
    }

    /** Removes the folder, whatever of this checkpoint is in it. */
    void delete() throws IOException {
        if (!record().isEmpty()) {
            deleteTree(folder);
        }
    }

    static void deleteTree(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    static void writeWeights(Path file, List<Declaration> tensors) {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, tensors, Map.of("content", VERSION))) {
            for (Declaration tensor : tensors) {
                RandomWeights weights = RandomWeights.of(tensor);
                for (long left = tensor.byteLength(); left > 0; left -= piece.limit()) {
                    piece.clear().limit((int) Math.min(left, PIECE_BYTES));
                    weights.fill(piece.asFloatBuffer());
                    writer.write(tensor.name(), piece);
                }
            }
        }
    }

    /** @throws IOException if less than {@code needed} bytes are free where {@code folder} lies */
    static void requireRoom(Path folder, long needed) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < needed) {
            throw new IOException(String.format(
                    Locale.ROOT,
                    "the checkpoint needs %.1f GB of disk, but %s has %.1f GB free; name another folder with --checkpoint",
                    needed / 1e9,
                    folder,
                    free / 1e9));
        }
    }

    private String complete() {
        return architecture.title() + ", " + VERSION;
    }

    /** What the benchmark noted about the folder, or nothing if it did not make it. */
    private String record() throws IOException {
        Path record = folder.resolve(RECORD);
        return Files.exists(record) ? Files.readString(record) : "";
    }
}
