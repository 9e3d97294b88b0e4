package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.DeclaredWeights;
import dev.swiftbrush.runtime.weights.Scope;
import java.util.Map;

/**
 * The text encoder of Stable Diffusion: CLIP's causal transformer, without the projection behind it.
 *
 * @see <a href="https://arxiv.org/abs/2103.00020">CLIP</a>, section 2.4
 */
public record ClipTextModel(ClipTextConfig config) {

    /**
     * Encodes prompts.
     *
     * @param ids token ids {@code [B, N]}, N at most {@link ClipTextConfig#positions()}
     * @return the last hidden state behind the final norm, {@code [B, N, channels]}
     */
    public Tensor encode(Scope checkpoint, Tensor ids) {
        Scope at = checkpoint.at("text_model");
        Scope embeddings = at.at("embeddings");
        Tensor tokens = embeddings.weight("token_embedding.weight", config.vocabulary(), config.channels());
        Tensor positions = embeddings.weight("position_embedding.weight", config.positions(), config.channels());

        Tensor h = ids.embedding(tokens).add(positions.narrow(0, 0, ids.size(1)));
        for (int i = 0; i < config.layers(); i++) {
            h = layer(at.at("encoder", "layers", i), h);
        }
        return at.layerNorm("final_layer_norm", h, config.eps());
    }

    /** The names and shapes of all weights, in the order of the layers. */
    public Map<String, Shape> weights() {
        DeclaredWeights declared = new DeclaredWeights();
        encode(Scope.of(declared), ShapeTensor.of(Shape.UNKNOWN, config.positions()));
        return declared.shapes();
    }

    private Tensor layer(Scope at, Tensor x) {
        Tensor h = x.add(selfAttention(at.at("self_attn"), at.layerNorm("layer_norm1", x, config.eps())));
        return h.add(feedForward(at.at("mlp"), at.layerNorm("layer_norm2", h, config.eps())));
    }

    private Tensor selfAttention(Scope at, Tensor x) {
        Tensor query = at.linear("q_proj", x, config.channels());
        Tensor key = at.linear("k_proj", x, config.channels());
        Tensor value = at.linear("v_proj", x, config.channels());
        return at.linear("out_proj", query.attention(key, value, config.heads(), true), config.channels());
    }

    private Tensor feedForward(Scope at, Tensor x) {
        Tensor h = at.linear("fc1", x, config.hidden()).activate(config.activation());
        return at.linear("fc2", h, config.channels());
    }
}
