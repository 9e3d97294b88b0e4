package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.Activation;

/**
 * The shape of a CLIP text model, from {@code text_encoder/config.json}. Absent keys mean what they mean to
 * transformers.
 *
 * @param vocabulary token ids the model knows
 * @param positions longest sequence, in tokens
 * @param channels width of the hidden states
 * @param hidden width inside the feed-forward layers
 */
public record ClipTextConfig(
        int vocabulary,
        int positions,
        int channels,
        int hidden,
        int layers,
        int heads,
        Activation activation,
        double eps) {

    public static ClipTextConfig of(JsonFile config) {
        config.requireOnly("model_type", "clip_text_model");
        String activation = config.text("hidden_act").orElse("quick_gelu");
        int channels = config.count("hidden_size", Limits.WIDTH).orElse(512);
        int heads = config.count("num_attention_heads", channels).orElse(8);
        if (channels % heads != 0) {
            throw config.fault("num_attention_heads", "a divisor of hidden_size=" + channels);
        }
        return new ClipTextConfig(
                config.count("vocab_size", Limits.VOCABULARY).orElse(49408),
                config.count("max_position_embeddings", Limits.POSITIONS).orElse(77),
                channels,
                config.count("intermediate_size", Limits.WIDTH).orElse(2048),
                config.count("num_hidden_layers", Limits.TEXT_LAYERS).orElse(12),
                heads,
                Activation.named(activation)
                        .orElseThrow(() -> config.fault("hidden_act", "one of quick_gelu, gelu, silu, relu, mish")),
                config.number("layer_norm_eps", Limits.LEAST_EPS, Limits.MOST_EPS)
                        .orElse(1e-5));
    }
}
