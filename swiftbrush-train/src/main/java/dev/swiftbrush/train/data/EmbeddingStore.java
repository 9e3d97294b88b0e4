package dev.swiftbrush.train.data;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.HalfPrecision;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntConsumer;

/**
 * Hidden states that were computed once: safetensors files in a folder, mapped into memory, and an index that says what
 * they were made from.
 *
 * <p>A file that is cut short while it is mapped makes the JVM raise {@link InternalError} on reading.
 */
public final class EmbeddingStore implements PromptEmbeddings {
    private static final int SHOWN_OF_HASH = 12;

    private final Path folder;
    private final EmbeddingIndex index;
    private final List<ByteBuffer> shards;
    private final ByteBuffer emptyPrompt;
    private volatile boolean closed;

    private EmbeddingStore(Path folder, EmbeddingIndex index, List<ByteBuffer> shards, ByteBuffer emptyPrompt) {
        this.folder = folder;
        this.index = index;
        this.shards = shards;
        this.emptyPrompt = emptyPrompt;
    }

    /**
     * Encodes prompts into {@code folder}, which is made if needed. A process that is killed leaves whole files behind, and the
     * next call goes on from there; one that finds nothing to do returns at once. What it will take is logged before it begins.
     *
     * @param options a store that was begun keeps its number of prompts in a file, whatever {@code shardBytes} is
     * @param progress told how many prompts are done
     * @throws StorageException if the folder holds the hidden states of other prompts or another encoder, another process writes
     *     there, hidden states are not finite, or there is not enough room
     */
    public static void encode(
            Path folder, Prompts prompts, TextEncoder encoder, EmbeddingOptions options, IntConsumer progress) {
        EmbeddingLayout layout = EmbeddingLayout.of(prompts.count(), encoder.tokens(), encoder.width(), options);
        new EmbeddingWriter(
                        folder,
                        prompts,
                        encoder,
                        options.batch(),
                        disk -> Files.getFileStore(disk).getUsableSpace())
                .write(layout, progress);
    }

    /**
     * Whether {@link #encode} would find nothing to do but to check what is there.
     *
     * @throws ModelException if the index is damaged
     */
    public static boolean isComplete(Path folder) {
        return EmbeddingIndex.isIn(folder) && EmbeddingIndex.read(folder).isComplete();
    }

    /**
     * The bytes that hidden states will take on the disk, beside a few thousand for each file.
     *
     * @param count prompts
     * @param dtype F16 or F32
     */
    public static long bytes(int count, int tokens, int width, DType dtype) {
        return new EmbeddingLayout(count, tokens, width, dtype, 1).bytes();
    }

    /**
     * Opens a store that is complete. The sizes of all files are checked; their hashes are not, see {@link #verify}.
     *
     * @param encoder {@link TextEncoder#fingerprint} of the text encoder that is to be meant
     * @throws StorageException if the store is not complete, was made from other prompts or another encoder, or a file is not
     *     as it was written; the message says which and what to do
     * @throws ModelException if a file is damaged
     */
    public static EmbeddingStore open(Path folder, Prompts prompts, String encoder) {
        if (!EmbeddingIndex.isIn(folder)) {
            throw new StorageException("%s holds no encoded prompts; encode them first".formatted(folder));
        }
        EmbeddingIndex index = EmbeddingIndex.read(folder);
        requireSame(folder, index, encoder, prompts.sha256(), prompts.count());
        if (!index.isComplete()) {
            throw new StorageException("%s lacks %d of its %d files; encode again to go on from there"
                    .formatted(folder, index.missing(), index.layout().shards()));
        }
        EmbeddingLayout layout = index.layout();
        try (MappedWeights mapped = new MappedWeights()) {
            List<ByteBuffer> shards = new ArrayList<>();
            for (int shard = 0; shard < layout.shards(); shard++) {
                shards.add(map(mapped, folder, index, layout.file(shard), layout.promptsIn(shard)));
            }
            ByteBuffer emptyPrompt = map(mapped, folder, index, EmbeddingLayout.EMPTY_PROMPT, 1);
            return new EmbeddingStore(folder, index, List.copyOf(shards), emptyPrompt);
        }
    }

    private static ByteBuffer map(MappedWeights mapped, Path folder, EmbeddingIndex index, String name, int prompts) {
        Path file = folder.resolve(name);
        long written = Objects.requireNonNull(index.entry(name), name).bytes();
        long found = size(file);
        if (found != written) {
            throw new StorageException("%s has %d bytes, but was written with %d; encode again to replace it"
                    .formatted(file, found, written));
        }
        Declaration expected = index.layout().declaration(prompts);
        StoredTensor tensor = Safetensors.open(file).tensors().get(expected.name());
        if (tensor == null
                || tensor.dtype() != expected.dtype()
                || !tensor.shape().equals(expected.shape())) {
            throw new StorageException("%s does not hold %s as %s %s; delete it and encode again"
                    .formatted(file, expected.name(), expected.dtype(), expected.shape()));
        }
        return mapped.map(tensor);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw StorageException.cannotRead(file, e);
        }
    }

    static void requireSame(Path folder, EmbeddingIndex found, String encoder, String prompts, int count) {
        requireSame(folder, "text encoder", found.encoder(), encoder);
        requireSame(folder, "list of prompts", found.prompts(), prompts);
        if (found.layout().count() != count) {
            throw new StorageException("%s says that it holds %d prompts, but they are %d; delete it and encode again"
                    .formatted(
                            folder.resolve(EmbeddingIndex.FILE), found.layout().count(), count));
        }
    }

    private static void requireSame(Path folder, String what, String then, String now) {
        if (!then.equals(now)) {
            throw new StorageException(
                    "The %s is not the one that %s was encoded from (SHA-256 %s, then %s); take that one, or encode into another folder"
                            .formatted(what, folder, shown(now), shown(then)));
        }
    }

    private static String shown(String hash) {
        return hash.length() > SHOWN_OF_HASH ? hash.substring(0, SHOWN_OF_HASH) + "..." : hash;
    }

    /**
     * Reads every file and holds it against its SHA-256.
     *
     * @throws StorageException if one is not as it was written
     */
    public void verify() {
        for (Map.Entry<String, EmbeddingIndex.Entry> each : index.files().entrySet()) {
            Path file = folder.resolve(each.getKey());
            try {
                if (!Sha256.of(file).equals(each.getValue().sha256())) {
                    throw new StorageException(
                            "%s does not have its checksum; delete it and encode again".formatted(file));
                }
            } catch (IOException e) {
                throw StorageException.cannotRead(file, e);
            }
        }
    }

    @Override
    public int count() {
        return index.layout().count();
    }

    @Override
    public int tokens() {
        return index.layout().tokens();
    }

    @Override
    public int width() {
        return index.layout().width();
    }

    @Override
    public void read(int[] indices, FloatBuffer out) {
        EmbeddingLayout layout = index.layout();
        long floats = (long) indices.length * layout.floats();
        if (out.remaining() < floats) {
            throw new IllegalArgumentException("%d prompts have %d floats of hidden states, but out has room for %d"
                    .formatted(indices.length, floats, out.remaining()));
        }
        for (int each : indices) {
            Objects.checkIndex(each, layout.count());
        }
        for (int each : indices) {
            ByteBuffer shard = shards.get(each / layout.promptsPerShard());
            read(shard, each % layout.promptsPerShard(), out);
        }
    }

    @Override
    public void readEmptyPrompt(FloatBuffer out) {
        read(emptyPrompt, 0, out);
    }

    private void read(ByteBuffer shard, int row, FloatBuffer out) {
        if (closed) {
            throw new IllegalStateException("the embeddings in %s are closed".formatted(folder));
        }
        EmbeddingLayout layout = index.layout();
        int from = row * layout.promptBytes();
        if (layout.dtype() == DType.F32) {
            out.put(shard.slice(from, layout.promptBytes()).order(shard.order()).asFloatBuffer());
            return;
        }
        for (int i = 0; i < layout.floats(); i++) {
            out.put(HalfPrecision.f16ToFloat(shard.getShort(from + i * Short.BYTES)));
        }
    }

    /** Lets go of the mappings, which the JVM undoes in its own time. */
    @Override
    public void close() {
        closed = true;
    }
}
