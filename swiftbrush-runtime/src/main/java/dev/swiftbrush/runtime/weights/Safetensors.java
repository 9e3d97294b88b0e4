package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of one safetensors file, held against the file's real size: every tensor lies inside the data at a multiple
 * of its element size, and together they cover it with neither holes nor overlaps.
 *
 * <p>The data is not read; {@link MappedWeights} does that. Where in the file the data starts is any byte: old writers did
 * not pad the header. Immutable and thread-safe.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">The format</a>
 */
public final class Safetensors {

    /** Longest header that the format allows, in bytes. */
    static final int MAX_HEADER_BYTES = 100_000_000;

    /** What Git leaves in place of a large file that was not fetched begins with these eight letters: {@code "version "}. */
    private static final long LFS_POINTER = 0x206E_6F69_7372_6576L;

    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;

    private Safetensors(Map<String, StoredTensor> tensors, Map<String, String> metadata) {
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Reads and checks the header of {@code file}.
     *
     * @param file a regular file, or a link to one
     * @throws ModelException if there is no such file, it cannot be read, or it breaks a rule of the format; the message
     *     names the file, the tensor and the fault
     */
    public static Safetensors open(Path file) {
        if (!Files.exists(file)) {
            throw new ModelException("there is no file " + file);
        }
        if (!Files.isRegularFile(file)) {
            throw new ModelException(file + " is not a regular file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(file, channel);
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(file, Messages.reason(e)), e);
        }
    }

    /** Every tensor by name, in the order in which they lie in the file. */
    public Map<String, StoredTensor> tensors() {
        return tensors;
    }

    /** The file's {@code __metadata__}; empty if it has none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    private static Safetensors read(Path file, FileChannel channel) throws IOException {
        long fileBytes = channel.size();
        if (fileBytes < Long.BYTES) {
            throw new ModelException(
                    "%s holds %d bytes, but a safetensors file starts with 8 that give its header's length"
                            .formatted(file, fileBytes));
        }
        InputStream in = Channels.newInputStream(channel);
        long headerBytes = ByteBuffer.wrap(in.readNBytes(Long.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        if (headerBytes == LFS_POINTER) {
            throw new ModelException(
                    "%s is a Git LFS pointer and not the file itself; fetch it with git lfs pull".formatted(file));
        }
        if (headerBytes <= 0 || headerBytes > MAX_HEADER_BYTES) {
            throw new ModelException(
                    "header of %s claims %s bytes; 1 to %d are allowed, so this is not a safetensors file"
                            .formatted(file, Long.toUnsignedString(headerBytes), MAX_HEADER_BYTES));
        }
        long dataStart = Long.BYTES + headerBytes;
        if (dataStart > fileBytes) {
            throw new ModelException(
                    "header of %s claims %d bytes, but only %d follow; the file is cut short, fetch it again"
                            .formatted(file, headerBytes, fileBytes - Long.BYTES));
        }
        SafetensorsHeader header = SafetensorsHeader.read(file, new BoundedInputStream(in, headerBytes));
        List<SafetensorsHeader.Entry> inFileOrder =
                new ArrayList<>(header.entries().values());
        inFileOrder.sort(Comparator.comparingLong(SafetensorsHeader.Entry::begin)
                .thenComparingLong(SafetensorsHeader.Entry::end));
        requireCovered(file, inFileOrder, fileBytes - dataStart);

        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (SafetensorsHeader.Entry entry : inFileOrder) {
            tensors.put(entry.name(), entry.at(file, dataStart));
        }
        return new Safetensors(tensors, header.metadata());
    }

    private static void requireCovered(Path file, List<SafetensorsHeader.Entry> inFileOrder, long dataBytes) {
        long covered = 0;
        for (SafetensorsHeader.Entry entry : inFileOrder) {
            if (entry.end() > dataBytes) {
                throw new ModelException(
                        "tensor %s in %s ends at byte %d of the data, but only %d are there; the file is cut short, fetch it again"
                                .formatted(Messages.quoted(entry.name()), file, entry.end(), dataBytes));
            }
            if (entry.begin() != covered) {
                throw new ModelException(
                        "tensor %s in %s begins at byte %d of the data, but the one before it ends at %d; %s are not allowed"
                                .formatted(
                                        Messages.quoted(entry.name()),
                                        file,
                                        entry.begin(),
                                        covered,
                                        entry.begin() > covered ? "holes" : "overlaps"));
            }
            if (entry.begin() % entry.dtype().bytes() != 0) {
                throw new ModelException(
                        "tensor %s in %s is %s and begins at byte %d of the data, which is not a multiple of %d; write tensors of larger types first"
                                .formatted(
                                        Messages.quoted(entry.name()),
                                        file,
                                        entry.dtype(),
                                        entry.begin(),
                                        entry.dtype().bytes()));
            }
            covered = entry.end();
        }
        if (covered != dataBytes) {
            throw new ModelException(
                    "%s holds %d bytes of data, but its tensors end at %d; bytes that belong to no tensor are not allowed"
                            .formatted(file, dataBytes, covered));
        }
    }
}
