package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.UNetConfig.Level;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The UNet of an original checkpoint: its {@code input_blocks} and {@code output_blocks} count the layers through all levels,
 * where diffusers counts blocks and layers of blocks.
 */
final class LdmUnet {
    static final String PREFIX = "model.diffusion_model.";

    private static final Map<String, String> LAYERS_OF_RESNET = Map.of(
            "in_layers.0", "norm1",
            "in_layers.2", "conv1",
            "emb_layers.1", "time_emb_proj",
            "out_layers.0", "norm2",
            "out_layers.3", "conv2",
            "skip_connection", "conv_shortcut");

    private final LdmTensors tensors;
    private final List<Built> levels = new ArrayList<>();

    /** The new beginning of names by the old one. */
    private final Map<String, String> names = new LinkedHashMap<>(Map.of(
            "time_embed.0", "time_embedding.linear_1",
            "time_embed.2", "time_embedding.linear_2",
            "input_blocks.0.0", "conv_in",
            "middle_block.0", "mid_block.resnets.0",
            "middle_block.1", "mid_block.attentions.0",
            "middle_block.2", "mid_block.resnets.1",
            "out.0", "conv_norm_out",
            "out.2", "conv_out"));

    /** A level as it is read off the down path, and then the up path. */
    private static final class Built {
        int channels;
        int layers;
        int transformerBlocks = 1;
        boolean attentionDown;
        boolean attentionUp;
    }

    private LdmUnet(LdmTensors tensors) {
        this.tensors = tensors;
    }

    static LdmNetwork<UNetConfig> of(LdmTensors tensors, LdmFamily family, int sampleSize) {
        return new LdmUnet(tensors).read(family, sampleSize);
    }

    private LdmNetwork<UNetConfig> read(LdmFamily family, int sampleSize) {
        boolean midBlock = tensors.hasBelow("middle_block.");
        readDown();
        if (levels.size() > Limits.LEVELS) {
            throw new ModelException("%s: the UNet has %d levels; at most %d are supported"
                    .formatted(tensors.file(), levels.size(), Limits.LEVELS));
        }
        readUp();
        Built last = levels.get(levels.size() - 1);
        if (midBlock) {
            last.transformerBlocks = transformerBlocks("middle_block.1", last.transformerBlocks);
        }
        List<Integer> heads = family.unetHeads()
                .apply(levels.stream().map(level -> level.channels).toList());
        List<Level> built = new ArrayList<>();
        for (int i = 0; i < levels.size(); i++) {
            Built level = levels.get(i);
            built.add(new Level(
                    level.channels,
                    level.layers,
                    heads.get(i),
                    level.transformerBlocks,
                    level.attentionDown,
                    level.attentionUp));
        }
        UNetConfig config = new UNetConfig(
                tensors.size("input_blocks.0.0.weight", 1),
                tensors.size("out.2.weight", 0),
                List.of(sampleSize, sampleSize),
                built,
                midBlock,
                family.unetGroups(),
                1e-5,
                Activation.SILU,
                hasLinearProjection(),
                1,
                kernel("input_blocks.0.0.weight"),
                kernel("out.2.weight"),
                tensors.size("time_embed.0.weight", 0),
                true,
                0,
                crossAttentionDim(),
                guidanceWidth());
        for (Level level : built) {
            if (level.channels() % family.unetGroups() != 0) {
                throw new ModelException(
                        "%s: a level of the UNet has %d channels, which the %d groups of %s do not divide"
                                .formatted(tensors.file(), level.channels(), family.unetGroups(), family.name()));
            }
        }
        return new LdmNetwork<>(
                config,
                tensors.renamed(names, (start, rest) -> start.contains(".resnets.") ? layerOfResnet(rest) : rest));
    }

    private void readDown() {
        int blocks = tensors.count("input_blocks.");
        Built level = new Built();
        for (int i = 1; i < blocks; i++) {
            String at = "input_blocks." + i;
            String block = "down_blocks." + levels.size();
            if (tensors.has(at + ".0.op.weight")) {
                names.put(at + ".0.op", block + ".downsamplers.0.conv");
                levels.add(level);
                level = new Built();
            } else {
                names.put(at + ".0", block + ".resnets." + level.layers);
                level.channels = tensors.size(at + ".0.out_layers.3.weight", 0);
                if (tensors.hasBelow(at + ".1.")) {
                    names.put(at + ".1", block + ".attentions." + level.layers);
                    level.attentionDown = true;
                    level.transformerBlocks = transformerBlocks(at + ".1", level.transformerBlocks);
                }
                level.layers++;
            }
        }
        levels.add(level);
        if (levels.stream().anyMatch(each -> each.layers == 0 || each.layers > Limits.LAYERS)) {
            throw new ModelException(
                    "%s: the input_blocks of the UNet are not those of Stable Diffusion; each level has 1 to %d layers"
                            .formatted(tensors.file(), Limits.LAYERS));
        }
    }

    private void readUp() {
        int i = 0;
        for (int up = 0; up < levels.size(); up++) {
            Built level = levels.get(levels.size() - 1 - up);
            String block = "up_blocks." + up;
            for (int layer = 0; layer <= level.layers; layer++, i++) {
                String at = "output_blocks." + i;
                names.put(at + ".0", block + ".resnets." + layer);
                int next = 1;
                if (tensors.hasBelow(at + ".1.") && !tensors.has(at + ".1.conv.weight")) {
                    names.put(at + ".1", block + ".attentions." + layer);
                    level.attentionUp = true;
                    level.transformerBlocks = transformerBlocks(at + ".1", level.transformerBlocks);
                    next = 2;
                }
                names.put(at + "." + next + ".conv", block + ".upsamplers.0.conv");
            }
        }
    }

    private int transformerBlocks(String attention, int fallback) {
        return Math.min(Limits.LAYERS, Math.max(fallback, tensors.count(attention + ".transformer_blocks.")));
    }

    private boolean hasLinearProjection() {
        return tensors.byName().entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(".proj_in.weight"))
                .anyMatch(entry -> entry.getValue().shape().size() == 2);
    }

    private int kernel(String name) {
        int kernel = tensors.size(name, 2, Limits.KERNEL);
        if (kernel % 2 == 0) {
            throw new ModelException(
                    "%s: the kernel of '%s%s' must be odd, but was %d".formatted(tensors.file(), PREFIX, name, kernel));
        }
        return kernel;
    }

    /** Of latent consistency models alone, under diffusers' name also in files of this layout. */
    private @Nullable Integer guidanceWidth() {
        String name = "time_embedding.cond_proj.weight";
        if (!tensors.has(name)) {
            return null;
        }
        int width = tensors.size(name, 1);
        if (width < 4) {
            throw new ModelException("%s: '%s%s' embeds a guidance scale in %d numbers; 4 or more were expected"
                    .formatted(tensors.file(), PREFIX, name, width));
        }
        return width;
    }

    private int crossAttentionDim() {
        String keys = tensors.byName().keySet().stream()
                .filter(name -> name.endsWith(".attn2.to_k.weight"))
                .findFirst()
                .orElseThrow(
                        () -> new ModelException("%s: the UNet does not attend to a prompt".formatted(tensors.file())));
        return tensors.size(keys, 1);
    }

    private static String layerOfResnet(String name) {
        int dot = name.lastIndexOf('.');
        String layer = dot < 0 ? null : LAYERS_OF_RESNET.get(name.substring(0, dot));
        return layer == null ? name : layer + name.substring(dot);
    }
}
