package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
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

    public ClipTextConfig {
        if (channels % heads != 0) {
            throw new ModelException(
                    "A CLIP text model with hidden_size %d cannot have %d heads".formatted(channels, heads));
        }
    }

    public static ClipTextConfig of(JsonFile config) {
        config.requireOnly("model_type", "clip_text_model");
        String activation = config.text("hidden_act").orElse("quick_gelu");
        return new ClipTextConfig(
                config.count("vocab_size").orElse(49408),
                config.count("max_position_embeddings").orElse(77),
                config.count("hidden_size").orElse(512),
                config.count("intermediate_size").orElse(2048),
                config.count("num_hidden_layers").orElse(12),
                config.count("num_attention_heads").orElse(8),
                Activation.named(activation)
                        .orElseThrow(() -> config.fault("hidden_act", "one of quick_gelu, gelu, silu, relu, mish")),
                config.number("layer_norm_eps").orElse(1e-5));
    }
}
