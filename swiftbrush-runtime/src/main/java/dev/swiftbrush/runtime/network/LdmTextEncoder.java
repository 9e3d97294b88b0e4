package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.weights.Messages;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text encoder of an original checkpoint: CLIP under the names of transformers in Stable Diffusion 1.x, OpenCLIP under
 * its own in 2.x, where queries, keys and values of a layer lie in one tensor and a last layer is there that nothing reads.
 */
final class LdmTextEncoder {
    static final String CLIP_PREFIX = "cond_stage_model.transformer.";
    static final String OPEN_CLIP_PREFIX = "cond_stage_model.model.";

    private static final String LAYERS = "text_model.encoder.layers.";
    private static final Pattern LAYER = Pattern.compile("transformer\\.resblocks\\.(\\d{1,4})\\.(.+)(weight|bias)");
    private static final Set<String> UNUSED = Set.of("text_projection", "logit_scale", "attn_mask");
    private static final Map<String, String> OUTSIDE_OF_LAYERS = Map.of(
            "positional_embedding", "text_model.embeddings.position_embedding.weight",
            "token_embedding.weight", "text_model.embeddings.token_embedding.weight",
            "ln_final.weight", "text_model.final_layer_norm.weight",
            "ln_final.bias", "text_model.final_layer_norm.bias");
    private static final Map<String, String> OF_A_LAYER = Map.of(
            "ln_1.", "layer_norm1.",
            "ln_2.", "layer_norm2.",
            "attn.out_proj.", "self_attn.out_proj.",
            "mlp.c_fc.", "mlp.fc1.",
            "mlp.c_proj.", "mlp.fc2.");

    private LdmTextEncoder() {}

    /** Of a checkpoint whose tensors lie below {@link #CLIP_PREFIX}. */
    static LdmNetwork<ClipTextConfig> ofClip(LdmTensors tensors, LdmFamily family) {
        return network(tensors, WeightNames.ofTextEncoder(tensors.byName()), family);
    }

    /** Of a checkpoint whose tensors lie below {@link #OPEN_CLIP_PREFIX}. */
    static LdmNetwork<ClipTextConfig> ofOpenClip(LdmTensors tensors, LdmFamily family) {
        Map<String, StoredTensor> renamed = new LinkedHashMap<>();
        tensors.byName().forEach((name, tensor) -> {
            Matcher layer = LAYER.matcher(name);
            if (!layer.matches()) {
                if (!UNUSED.contains(name)) {
                    WeightNames.put(renamed, OUTSIDE_OF_LAYERS.getOrDefault(name, name), tensor);
                }
            } else if (Integer.parseInt(layer.group(1)) < family.textLayers()) {
                ofLayer(renamed, LAYERS + layer.group(1) + ".", layer.group(2), layer.group(3), tensor);
            }
        });
        return network(tensors, renamed, family);
    }

    private static void ofLayer(
            Map<String, StoredTensor> renamed, String at, String layer, String kind, StoredTensor tensor) {
        if (!layer.equals("attn.in_proj_")) {
            WeightNames.put(renamed, at + OF_A_LAYER.getOrDefault(layer, layer) + kind, tensor);
            return;
        }
        List<StoredTensor> parts = thirds(tensor);
        List<String> names = List.of("q_proj.", "k_proj.", "v_proj.");
        for (int i = 0; i < names.size(); i++) {
            WeightNames.put(renamed, at + "self_attn." + names.get(i) + kind, parts.get(i));
        }
    }

    /** Views of one tensor, which lie behind each other in the file. */
    private static List<StoredTensor> thirds(StoredTensor fused) {
        if (fused.shape().isEmpty() || fused.shape().get(0) % 3 != 0) {
            throw new ModelException("%s: %s is %s; queries, keys and values are thirds of its first dimension"
                    .formatted(fused.file(), Messages.quoted(fused.name()), fused.shape()));
        }
        List<Long> shape = new ArrayList<>(fused.shape());
        shape.set(0, fused.shape().get(0) / 3);
        long bytes = fused.byteLength() / 3;
        return List.of(part(fused, shape, 0, bytes), part(fused, shape, 1, bytes), part(fused, shape, 2, bytes));
    }

    private static StoredTensor part(StoredTensor fused, List<Long> shape, int index, long bytes) {
        return new StoredTensor(
                fused.name(), fused.dtype(), shape, fused.file(), fused.offset() + index * bytes, bytes);
    }

    private static LdmNetwork<ClipTextConfig> network(
            LdmTensors original, Map<String, StoredTensor> renamed, LdmFamily family) {
        LdmTensors tensors = new LdmTensors(original.file(), original.network(), "", new TreeMap<>(renamed));
        String embeddings = "text_model.embeddings.";
        int channels = tensors.size(embeddings + "token_embedding.weight", 1);
        int heads = family.textHeads().applyAsInt(channels);
        int layers = tensors.count(LAYERS);
        if (layers < 1 || layers > Limits.TEXT_LAYERS || channels % heads != 0) {
            throw new ModelException("%s: a text encoder of %d layers, %d wide, with %d heads is not that of %s"
                    .formatted(original.file(), layers, channels, heads, family.name()));
        }
        ClipTextConfig config = new ClipTextConfig(
                tensors.size(embeddings + "token_embedding.weight", 0, Limits.VOCABULARY),
                tensors.size(embeddings + "position_embedding.weight", 0, Limits.POSITIONS),
                channels,
                tensors.size(LAYERS + "0.mlp.fc1.weight", 0),
                layers,
                heads,
                family.textActivation(),
                1e-5);
        return new LdmNetwork<>(config, renamed);
    }
}
