package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Brings the names that checkpoints have used over the years to the one that the networks ask for. */
final class WeightNames {
    private static final String TEXT_PREFIX = "text_model.";

    /** Buffers, and what stands behind the hidden states. */
    private static final Pattern NOT_TEXT_WEIGHTS =
            Pattern.compile("(text_model\\.)?embeddings\\.position_ids|text_projection\\.weight|logit_scale");

    private static final Map<String, String> VAE_ATTENTION =
            Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");
    private static final Pattern VAE_ATTENTION_NAME =
            Pattern.compile("(.*\\.attentions\\.\\d+\\.)(query|key|value|proj_attn|to_q|to_k|to_v|to_out\\.0)(\\..*)");

    private WeightNames() {}

    /** Text encoders are saved with or without the {@code text_model.} that older versions of transformers put before. */
    static Map<String, StoredTensor> ofTextEncoder(Map<String, StoredTensor> tensors) {
        Map<String, StoredTensor> result = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            if (!NOT_TEXT_WEIGHTS.matcher(name).matches()) {
                put(result, name.startsWith(TEXT_PREFIX) ? name : TEXT_PREFIX + name, tensor);
            }
        });
        return result;
    }

    /** The attention of old autoencoders has other names, and was at times kept as 1x1 convolutions. */
    static Map<String, StoredTensor> ofAutoencoder(Map<String, StoredTensor> tensors) {
        Map<String, StoredTensor> result = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            var matcher = VAE_ATTENTION_NAME.matcher(name);
            if (matcher.matches()) {
                String layer = VAE_ATTENTION.getOrDefault(matcher.group(2), matcher.group(2));
                put(result, matcher.group(1) + layer + matcher.group(3), asMatrix(tensor));
            } else {
                put(result, name, tensor);
            }
        });
        return result;
    }

    /** Of a tiny autoencoder the decoder alone is used. */
    static Map<String, StoredTensor> ofTinyAutoencoder(Map<String, StoredTensor> tensors) {
        Map<String, StoredTensor> result = new LinkedHashMap<>(tensors);
        result.keySet().removeIf(name -> name.startsWith("encoder."));
        return result;
    }

    /** Adds a tensor under a name that no other has. */
    static void put(Map<String, StoredTensor> result, String name, StoredTensor tensor) {
        StoredTensor other = result.put(name, tensor);
        if (other != null) {
            throw new ModelException("%s holds the weight %s twice, as %s and as %s; which one is meant is unknown"
                    .formatted(tensor.file(), name, other.name(), tensor.name()));
        }
    }

    private static StoredTensor asMatrix(StoredTensor tensor) {
        List<Long> shape = tensor.shape();
        boolean convolution = shape.size() == 4 && shape.get(2) == 1 && shape.get(3) == 1;
        return convolution
                ? new StoredTensor(
                        tensor.name(),
                        tensor.dtype(),
                        shape.subList(0, 2),
                        tensor.file(),
                        tensor.offset(),
                        tensor.byteLength())
                : tensor;
    }
}
