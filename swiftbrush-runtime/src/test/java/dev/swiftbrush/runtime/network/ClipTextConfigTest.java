package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.Json;
import dev.swiftbrush.runtime.tensor.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipTextConfigTest {

    @Test
    void absentKeysMeanWhatTheyMeanToTransformers() {
        // CLIPTextConfig() in transformers 5.23.0
        assertThat(ClipTextConfig.of(Json.of("{'model_type': 'clip_text_model'}")))
                .isEqualTo(new ClipTextConfig(49408, 77, 512, 2048, 12, 8, Activation.QUICK_GELU, 1e-5));
    }

    @Test
    void readsWhatVaries() {
        assertThat(
                        ClipTextConfig.of(
                                Json.of(
                                        "{'vocab_size': 714, 'max_position_embeddings': 20, 'hidden_size': 20,"
                                                + " 'intermediate_size': 36, 'num_hidden_layers': 2, 'num_attention_heads': 5,"
                                                + " 'hidden_act': 'gelu', 'layer_norm_eps': 1e-4, 'projection_dim': 512, '_name_or_path': 'x'}")))
                .isEqualTo(new ClipTextConfig(714, 20, 20, 36, 2, 5, Activation.GELU, 1e-4));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "'model_type': 'clip'| sets model_type=\"clip\"; only clip_text_model is supported",
                "'num_attention_heads': 7|: num_attention_heads must be a divisor of hidden_size=512, but was 7",
                "'num_attention_heads': 513|: num_attention_heads must be a whole number from 1 to 512, but was 513",
                "'hidden_size': 2147483647|: hidden_size must be a whole number from 1 to 65536, but was 2147483647",
                "'intermediate_size': 0|: intermediate_size must be a whole number from 1 to 65536, but was 0",
                "'num_hidden_layers': 2000000000|: num_hidden_layers must be a whole number from 1 to 256, but was 2000000000",
                "'vocab_size': 1000000000|: vocab_size must be a whole number from 1 to 1048576, but was 1000000000",
                "'max_position_embeddings': 100000|: max_position_embeddings must be a whole number from 1 to 1024, but was 100000",
                "'hidden_act': 'gelu_new'|: hidden_act must be one of quick_gelu, gelu, silu, relu, mish, but was \"gelu_new\"",
                "'layer_norm_eps': 0|: layer_norm_eps must be a number from 1.0E-12 to 0.1, but was 0",
                "'vocab_size': '49408'|: vocab_size must be a whole number from 1 to 1048576, but was \"49408\""
            })
    void refusesWhatMakesNoNetwork(String json, String message) {
        assertThatThrownBy(() -> ClipTextConfig.of(Json.of("{" + json + "}")))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json" + message);
    }
}
