package dev.swiftbrush.train.data;

import dev.swiftbrush.runtime.tensor.DType;

/**
 * How hidden states are computed and stored.
 *
 * @param dtype F16, or F32, which takes twice the disk
 * @param batch prompts in a network call
 * @param shardBytes of a file, roughly; what a process loses that is killed while it encodes
 */
public record EmbeddingOptions(DType dtype, int batch, long shardBytes) {
    private static final long MOST_SHARD_BYTES = 1L << 30; // a mapping holds less than 2 GiB

    public EmbeddingOptions {
        if (dtype != DType.F16 && dtype != DType.F32) {
            throw new IllegalArgumentException("dtype must be F16 or F32, but was " + dtype);
        }
        if (batch < 1 || batch > 1024) {
            throw new IllegalArgumentException("batch must be 1 to 1024, but was " + batch);
        }
        if (shardBytes < 1 || shardBytes > MOST_SHARD_BYTES) {
            throw new IllegalArgumentException(
                    "shardBytes must be 1 to %d, but was %d".formatted(MOST_SHARD_BYTES, shardBytes));
        }
    }

    /** F16, 16 prompts at once, files of 256 MiB. */
    public static EmbeddingOptions defaults() {
        return new EmbeddingOptions(DType.F16, 16, 256L << 20);
    }
}
