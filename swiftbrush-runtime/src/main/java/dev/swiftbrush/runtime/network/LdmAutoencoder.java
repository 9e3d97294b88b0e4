package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The autoencoder of an original checkpoint. Its decoder counts levels from the pixels, where diffusers counts from the
 * latents, and the projections of its attention are 1x1 convolutions.
 */
final class LdmAutoencoder {
    static final String PREFIX = "first_stage_model.";

    private static final double SCALING_FACTOR = 0.18215;
    private static final Map<String, String> LAYERS_OF_ATTENTION =
            Map.of("norm", "group_norm", "q", "to_q", "k", "to_k", "v", "to_v", "proj_out", "to_out.0");

    private LdmAutoencoder() {}

    static LdmNetwork<AutoencoderConfig> of(LdmTensors tensors, LdmFamily family) {
        int levels = tensors.count("encoder.down.");
        if (levels < 1 || levels > Limits.LEVELS) {
            throw new ModelException("%s: the autoencoder has %d levels; 1 to %d are supported"
                    .formatted(tensors.file(), levels, Limits.LEVELS));
        }
        List<Integer> channels = new ArrayList<>();
        for (int i = 0; i < levels; i++) {
            channels.add(tensors.size("encoder.down.%d.block.0.conv1.weight".formatted(i), 0));
        }
        if (channels.stream().anyMatch(count -> count % family.vaeGroups() != 0)) {
            throw new ModelException(
                    "%s: the levels of the autoencoder have %s channels, which the %d groups of %s do not divide"
                            .formatted(tensors.file(), channels, family.vaeGroups(), family.name()));
        }
        AutoencoderConfig config = new AutoencoderConfig(
                tensors.size("encoder.conv_in.weight", 1),
                tensors.size("decoder.conv_out.weight", 0),
                tensors.size("decoder.conv_in.weight", 1),
                channels,
                Math.min(Limits.LAYERS, tensors.count("encoder.down.0.block.")),
                family.vaeGroups(),
                Activation.SILU,
                SCALING_FACTOR,
                0,
                tensors.has("quant_conv.weight"),
                tensors.has("post_quant_conv.weight"),
                tensors.hasBelow("decoder.mid.attn_1."));

        return new LdmNetwork<>(
                config,
                WeightNames.ofAutoencoder(tensors.renamed(
                        names(levels),
                        (start, rest) -> start.contains(".attentions.") ? layerOfAttention(rest) : shortcut(rest))));
    }

    /** The new beginning of names by the old one. */
    private static Map<String, String> names(int levels) {
        Map<String, String> names = new LinkedHashMap<>();
        for (String half : List.of("encoder", "decoder")) {
            names.put(half + ".mid.block_1", half + ".mid_block.resnets.0");
            names.put(half + ".mid.attn_1", half + ".mid_block.attentions.0");
            names.put(half + ".mid.block_2", half + ".mid_block.resnets.1");
            names.put(half + ".norm_out", half + ".conv_norm_out");
        }
        for (int i = 0; i < levels; i++) {
            String down = "encoder.down_blocks." + i;
            String up = "decoder.up_blocks." + (levels - 1 - i);
            names.put("encoder.down.%d.block".formatted(i), down + ".resnets");
            names.put("encoder.down.%d.downsample".formatted(i), down + ".downsamplers.0");
            names.put("decoder.up.%d.block".formatted(i), up + ".resnets");
            names.put("decoder.up.%d.upsample".formatted(i), up + ".upsamplers.0");
        }
        return names;
    }

    private static String layerOfAttention(String name) {
        int dot = name.lastIndexOf('.');
        String layer = dot < 0 ? null : LAYERS_OF_ATTENTION.get(name.substring(0, dot));
        return layer == null ? name : layer + name.substring(dot);
    }

    private static String shortcut(String name) {
        return name.replace("nin_shortcut.", "conv_shortcut.");
    }
}
