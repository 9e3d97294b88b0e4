package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.json.Json;
import dev.swiftbrush.runtime.tensor.Shape;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Networks of full size ask for exactly the parameters that the same configurations have in diffusers 0.42.1 and
 * transformers 5.23.0, where they were counted on PyTorch's meta device. No weight is loaded.
 */
class ParameterCountsTest {

    @Test
    void theUnetOfStableDiffusion21() {
        assertCounts(
                unet(
                        "'attention_head_dim': [5, 10, 20, 20], 'cross_attention_dim': 1024, 'use_linear_projection': true"),
                686,
                865_910_724);
    }

    @Test
    void theUnetOfStableDiffusion15() {
        assertCounts(unet("'attention_head_dim': 8, 'cross_attention_dim': 768"), 686, 859_520_964);
    }

    @Test
    void theUnetOfALatentConsistencyModel() {
        assertCounts(unet("'cross_attention_dim': 768, 'time_cond_proj_dim': 256"), 687, 859_602_884);
    }

    @Test
    void theUnetOfNoConfiguration() {
        assertCounts(unet("'_class_name': 'UNet2DConditionModel'"), 686, 872_300_484);
    }

    @Test
    void theAutoencoderOfStableDiffusion() {
        String four = "['%1$s', '%1$s', '%1$s', '%1$s']";
        AutoencoderConfig config = AutoencoderConfig.of(Json.of(
                "{'block_out_channels': [128, 256, 512, 512], 'layers_per_block': 2, 'down_block_types': %s, 'up_block_types': %s}"
                        .formatted(four.formatted("DownEncoderBlock2D"), four.formatted("UpDecoderBlock2D"))));

        assertCounts(new AutoencoderKl(config).weights(), 248, 83_653_863);
        assertThat(config.scale()).isEqualTo(8);
    }

    @Test
    void theAutoencoderOfNoConfiguration() {
        assertCounts(new AutoencoderKl(AutoencoderConfig.of(Json.of("{}"))).weights(), 92, 563_175);
    }

    /** Of the decoder, in diffusers 0.42.1; no configuration is TAESD's. */
    @Test
    void theTinyAutoencoderOfNoConfiguration() {
        AutoencoderTinyConfig config = AutoencoderTinyConfig.of(Json.of("{}"));

        assertCounts(new AutoencoderTiny(config).weights(), 67, 1_222_531);
        assertThat(config.scale()).isEqualTo(8);
    }

    @Test
    void theTextEncoderOfStableDiffusion21() {
        assertCounts(
                text(
                        "'hidden_size': 1024, 'intermediate_size': 4096, 'num_attention_heads': 16, 'num_hidden_layers': 23"),
                372,
                340_387_840);
    }

    @Test
    void theTextEncoderOfStableDiffusion15() {
        assertCounts(
                text("'hidden_size': 768, 'intermediate_size': 3072, 'num_attention_heads': 12"), 196, 123_060_480);
    }

    @Test
    void theTextEncoderOfNoConfiguration() {
        assertCounts(text("'model_type': 'clip_text_model'"), 196, 63_165_952);
    }

    @Test
    void theWeightsOfALayerAreNamedAsInTheCheckpoint() {
        Map<String, Shape> weights = unet("'cross_attention_dim': 768");

        assertThat(weights)
                .containsEntry("conv_in.weight", Shape.of(320, 4, 3, 3))
                .containsEntry("time_embedding.linear_1.weight", Shape.of(1280, 320))
                .containsEntry("down_blocks.0.attentions.1.proj_in.weight", Shape.of(320, 320, 1, 1))
                .containsEntry("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", Shape.of(320, 768))
                .containsEntry("up_blocks.1.resnets.0.conv_shortcut.weight", Shape.of(1280, 2560, 1, 1))
                .containsEntry("up_blocks.0.upsamplers.0.conv.bias", Shape.of(1280))
                .doesNotContainKey("up_blocks.3.upsamplers.0.conv.bias");
    }

    private static Map<String, Shape> unet(String json) {
        return new UNet2DConditionModel(UNetConfig.of(Json.of("{" + json + "}"))).weights();
    }

    private static Map<String, Shape> text(String json) {
        return new ClipTextModel(ClipTextConfig.of(Json.of("{" + json + "}"))).weights();
    }

    private static void assertCounts(Map<String, Shape> weights, int names, long parameters) {
        assertThat(weights).hasSize(names);
        assertThat(weights.values().stream()
                        .mapToLong(shape -> LongStream.of(shape.sizes()).reduce(1, Math::multiplyExact))
                        .sum())
                .isEqualTo(parameters);
    }
}
