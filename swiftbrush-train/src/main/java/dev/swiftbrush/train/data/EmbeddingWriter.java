package dev.swiftbrush.train.data;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.train.files.AtomicFolder;
import dev.swiftbrush.train.files.FolderLock;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fills a store, from where an earlier process left off. Use from one thread. */
final class EmbeddingWriter {
    private static final Logger log = LoggerFactory.getLogger(EmbeddingWriter.class);
    private static final float LEAST_INFINITE_F16 = 65520;

    private final Path folder;
    private final Prompts prompts;
    private final TextEncoder encoder;
    private final int batch;
    private final FreeSpace freeSpace;

    /** Bytes that can still be written to the disk of a folder. */
    interface FreeSpace {
        long of(Path folder) throws IOException;
    }

    EmbeddingWriter(Path folder, Prompts prompts, TextEncoder encoder, int batch, FreeSpace freeSpace) {
        this.folder = folder;
        this.prompts = prompts;
        this.encoder = encoder;
        this.batch = batch;
        this.freeSpace = freeSpace;
    }

    /**
     * Encodes what is not there yet.
     *
     * @param wanted if the store is begun anew; one that was begun keeps its number of prompts per shard
     * @param progress told after every batch how many prompts are done
     */
    void write(EmbeddingLayout wanted, IntConsumer progress) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw StorageException.cannotWrite(folder, e);
        }
        try (FolderLock lock = FolderLock.acquire(folder)) {
            AtomicFolder.sweep(folder, "(embeddings-\\d{5,10}-of-\\d{5,10}|empty-prompt)\\.safetensors|index\\.json");
            EmbeddingIndex index = begin(wanted);
            requireRoom(index);
            if (!index.has(EmbeddingLayout.EMPTY_PROMPT)) {
                index = encode(index, EmbeddingLayout.EMPTY_PROMPT, List.of(""), 0, done -> {});
            }
            EmbeddingLayout layout = index.layout();
            for (int shard = 0; shard < layout.shards(); shard++) {
                int first = layout.first(shard);
                int end = first + layout.promptsIn(shard);
                if (index.has(layout.file(shard))) {
                    progress.accept(end);
                } else {
                    index = encode(index, layout.file(shard), prompts.list().subList(first, end), first, progress);
                    log.debug("Encoded prompts {} to {} of {}", first, end - 1, layout.count());
                }
            }
        }
    }

    private EmbeddingIndex begin(EmbeddingLayout wanted) {
        String hash = prompts.sha256();
        if (!EmbeddingIndex.isIn(folder)) {
            return new EmbeddingIndex(encoder.fingerprint(), hash, wanted, Map.of());
        }
        EmbeddingIndex found = EmbeddingIndex.read(folder);
        EmbeddingStore.requireSame(folder, found, encoder.fingerprint(), hash, prompts.count());
        if (found.layout().dtype() != wanted.dtype()) {
            throw new StorageException("%s holds %s, but %s was asked for; ask for that, or choose another folder"
                    .formatted(folder, found.layout().dtype(), wanted.dtype()));
        }
        return found.withWholeFiles(folder);
    }

    private void requireRoom(EmbeddingIndex index) {
        EmbeddingLayout layout = index.layout();
        long needed = 0;
        int missing = 0;
        for (int shard = 0; shard < layout.shards(); shard++) {
            if (!index.has(layout.file(shard))) {
                needed += layout.room(shard);
                missing += layout.promptsIn(shard);
            }
        }
        if (missing == 0) {
            return;
        }
        try {
            long free = freeSpace.of(folder);
            String what = "The hidden states of %d prompts, %d x %d in %s, take %s in %s"
                    .formatted(
                            missing,
                            layout.tokens(),
                            layout.width(),
                            layout.dtype(),
                            size(needed),
                            folder.toAbsolutePath());
            if (needed > free) {
                throw new StorageException(
                        "%s, but only %s are free; free some, choose another disk, store F16, or encode on the fly"
                                .formatted(what, size(free)));
            }
            log.info("{}, where {} are free", what, size(free));
        } catch (IOException e) {
            throw StorageException.cannotRead(folder, e);
        }
    }

    /** Writes one file, hashes it, and records it. */
    private EmbeddingIndex encode(
            EmbeddingIndex index, String name, List<String> texts, int first, IntConsumer progress) {
        EmbeddingLayout layout = index.layout();
        Path file = folder.resolve(name);
        ByteBuffer states = ByteBuffer.allocateDirect(Math.min(batch, texts.size()) * layout.floats() * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(file, List.of(layout.declaration(texts.size())), Map.of())) {
            for (int from = 0; from < texts.size(); from += batch) {
                List<String> some = texts.subList(from, Math.min(from + batch, texts.size()));
                FloatBuffer floats = states.clear().asFloatBuffer();
                encoder.encode(some, floats);
                requireFinite(floats.flip(), layout, first + from);
                states.limit(floats.limit() * Float.BYTES);
                writer.writeConverted(EmbeddingLayout.TENSOR, states, DType.F32);
                progress.accept(first + from + some.size());
            }
        }
        try {
            EmbeddingIndex more = index.with(name, new EmbeddingIndex.Entry(Files.size(file), Sha256.of(file)));
            more.write(folder);
            return more;
        } catch (IOException e) {
            throw StorageException.cannotRead(file, e);
        }
    }

    /** One infinite value would spoil every weight that sees it. */
    private static void requireFinite(FloatBuffer states, EmbeddingLayout layout, int first) {
        float most = layout.dtype() == DType.F16 ? LEAST_INFINITE_F16 : Float.POSITIVE_INFINITY;
        for (int i = 0; i < states.limit(); i++) {
            float value = states.get(i);
            if (!(Math.abs(value) < most)) { // neither is NaN
                throw new StorageException("the hidden states of prompt %d hold %s, which is not finite in %s; %s"
                        .formatted(
                                first + i / layout.floats(),
                                value,
                                layout.dtype(),
                                Float.isFinite(value) ? "store F32" : "the text encoder is broken"));
            }
        }
    }

    private static String size(long bytes) {
        return String.format(Locale.ROOT, "%,d bytes (%.1f GB)", bytes, bytes / 1e9);
    }
}
