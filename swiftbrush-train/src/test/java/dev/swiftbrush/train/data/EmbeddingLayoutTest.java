package dev.swiftbrush.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.runtime.tensor.DType;
import org.junit.jupiter.api.Test;

class EmbeddingLayoutTest {

    @Test
    void thePublishedPromptsTake221Gigabytes() {
        assertThat(EmbeddingStore.bytes(1_400_000, 77, 1024, DType.F16)).isEqualTo(220_774_400_000L);
        assertThat(EmbeddingStore.bytes(1_400_000, 77, 1024, DType.F32)).isEqualTo(441_548_800_000L);
    }

    @Test
    void shardsHoldWholeBatchesAndNoPromptIsLost() {
        EmbeddingLayout layout = EmbeddingLayout.of(1_400_000, 77, 1024, EmbeddingOptions.defaults());

        assertThat(layout.promptBytes()).isEqualTo(157_696);
        assertThat(layout.promptsPerShard()).isEqualTo(1696).isEqualTo(106 * 16); // of 1702 that fit into 256 MiB
        assertThat(layout.shards()).isEqualTo(826);
        assertThat(layout.promptsIn(825)).isEqualTo(1_400_000 - 825 * 1696);
        assertThat(layout.file(0)).isEqualTo("embeddings-00001-of-00826.safetensors");
        long prompts = 0;
        long room = 0;
        for (int shard = 0; shard < layout.shards(); shard++) {
            assertThat(layout.first(shard)).isEqualTo(prompts);
            prompts += layout.promptsIn(shard);
            room += layout.room(shard);
        }
        assertThat(prompts).isEqualTo(1_400_000);
        assertThat(room).isBetween(layout.bytes(), layout.bytes() + (4L << 20));
    }

    @Test
    void aShardHoldsAtLeastOnePrompt() {
        EmbeddingLayout layout = EmbeddingLayout.of(5, 77, 1024, new EmbeddingOptions(DType.F32, 16, 1000));

        assertThat(layout.promptsPerShard()).isEqualTo(1);
        assertThat(layout.shards()).isEqualTo(5);
    }

    @Test
    void aSmallListIsOneShard() {
        assertThat(EmbeddingLayout.of(5, 77, 1024, EmbeddingOptions.defaults()).shards())
                .isEqualTo(1);
    }

    @Test
    void refusesWhatCannotBeMapped() {
        assertThatThrownBy(() -> new EmbeddingLayout(1_000_000, 77, 1024, DType.F16, 13_618))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "13618 prompts of 77 x 1024 in F16 are more than a shard can hold, which is 2147483647 bytes");
        assertThatThrownBy(() -> new EmbeddingLayout(1, 1 << 20, 1 << 20, DType.F16, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "1 prompts of 1048576 x 1048576 in F16 are more than a shard can hold, which is 2147483647 bytes");
        assertThatThrownBy(() -> new EmbeddingLayout(0, 77, 1024, DType.F16, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("count, tokens, width and promptsPerShard must be positive, but were 0, 77, 1024 and 1");
    }

    @Test
    void refusesOptionsThatCannotBe() {
        assertThatThrownBy(() -> new EmbeddingOptions(DType.BF16, 16, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dtype must be F16 or F32, but was BF16");
        assertThatThrownBy(() -> new EmbeddingOptions(DType.F16, 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("batch must be 1 to 1024, but was 0");
        assertThatThrownBy(() -> new EmbeddingOptions(DType.F16, 1, 2L << 30))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("shardBytes must be 1 to 1073741824, but was 2147483648");
    }
}
