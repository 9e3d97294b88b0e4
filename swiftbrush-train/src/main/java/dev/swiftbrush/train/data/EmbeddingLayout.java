package dev.swiftbrush.train.data;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import java.util.List;
import java.util.Locale;

/**
 * How the hidden states of many prompts lie in files.
 *
 * @param count prompts
 * @param promptsPerShard the last shard may have fewer
 */
record EmbeddingLayout(int count, int tokens, int width, DType dtype, int promptsPerShard) {
    static final String TENSOR = "encoder_hidden_states";
    static final String EMPTY_PROMPT = "empty-prompt.safetensors";

    private static final int MOST_FLOATS = 1 << 24; // of one prompt; the largest CLIP has 77 x 1280
    private static final int HEADER_BYTES = 4096; // more than a header and its file system's rounding take

    EmbeddingLayout {
        if (count < 1 || tokens < 1 || width < 1 || promptsPerShard < 1) {
            throw new IllegalArgumentException(
                    "count, tokens, width and promptsPerShard must be positive, but were %d, %d, %d and %d"
                            .formatted(count, tokens, width, promptsPerShard));
        }
        if ((long) tokens * width > MOST_FLOATS
                || (long) promptsPerShard * tokens * width * dtype.bytes() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "%d prompts of %d x %d in %s are more than a shard can hold, which is %d bytes"
                            .formatted(promptsPerShard, tokens, width, dtype, Integer.MAX_VALUE));
        }
    }

    static EmbeddingLayout of(int count, int tokens, int width, EmbeddingOptions options) {
        long promptBytes = (long) tokens * width * options.dtype().bytes();
        long fitting = Math.max(1, options.shardBytes() / Math.max(1, promptBytes));
        long batches = Math.max(1, fitting / options.batch());
        long perShard = fitting < options.batch() ? fitting : batches * options.batch(); // whole batches if it can be
        return new EmbeddingLayout(count, tokens, width, options.dtype(), (int) Math.min(perShard, count));
    }

    /** Floats of one prompt. */
    int floats() {
        return tokens * width;
    }

    /** Bytes of one prompt. */
    int promptBytes() {
        return floats() * dtype.bytes();
    }

    int shards() {
        return (count - 1) / promptsPerShard + 1;
    }

    int promptsIn(int shard) {
        return Math.min(promptsPerShard, count - first(shard));
    }

    /** The index of a shard's first prompt. */
    int first(int shard) {
        return shard * promptsPerShard;
    }

    String file(int shard) {
        return String.format(Locale.ROOT, "embeddings-%05d-of-%05d.safetensors", shard + 1, shards());
    }

    Declaration declaration(int prompts) {
        return new Declaration(TENSOR, dtype, List.of((long) prompts, (long) tokens, (long) width));
    }

    /** Bytes of the hidden states of all prompts. */
    long bytes() {
        return (long) count * promptBytes();
    }

    /** Room on the disk that a shard takes at most. */
    long room(int shard) {
        return (long) promptsIn(shard) * promptBytes() + HEADER_BYTES;
    }
}
