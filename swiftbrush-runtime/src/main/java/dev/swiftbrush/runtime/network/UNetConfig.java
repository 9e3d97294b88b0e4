package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a UNet2DConditionModel, from {@code unet/config.json}. Absent keys mean what they mean to diffusers; what
 * this project's network does not do is refused by name.
 *
 * @param sampleSize default height and width of the latents, or null where the checkpoint has none
 * @param levels from the finest to the coarsest
 * @param midBlock whether there is one; small models do without
 * @param timeCondProjDim width of the guidance embedding, or null for a model without one
 */
public record UNetConfig(
        int inChannels,
        int outChannels,
        @Nullable List<Integer> sampleSize,
        List<Level> levels,
        boolean midBlock,
        int groups,
        double eps,
        Activation activation,
        boolean linearProjection,
        int downsamplePadding,
        int convInKernel,
        int convOutKernel,
        int timeEmbeddingChannels,
        boolean cosineFirst,
        double frequencyShift,
        int crossAttentionDim,
        @Nullable Integer timeCondProjDim) {

    /**
     * One resolution of the UNet: a down block, and the up block that answers it.
     *
     * @param layers resnets of the down block; the up block has one more
     * @param heads attention heads (which a diffusers configuration calls {@code attention_head_dim})
     */
    public record Level(
            int channels, int layers, int heads, int transformerBlocks, boolean attentionDown, boolean attentionUp) {}

    private static final List<String> DOWN =
            List.of("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D");
    private static final List<String> UP =
            List.of("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D");

    /** Keys that decide nothing here: numerics that are safe as they are, training, parts that are never on. */
    private static final Set<String> WITHOUT_EFFECT =
            Set.of("dropout", "upcast_attention", "addition_embed_type_num_heads");

    private static final List<String> UNSUPPORTED = List.of(
            "center_input_sample",
            "only_cross_attention",
            "mid_block_only_cross_attention",
            "dual_cross_attention",
            "encoder_hid_dim",
            "encoder_hid_dim_type",
            "class_embed_type",
            "num_class_embeds",
            "class_embeddings_concat",
            "projection_class_embeddings_input_dim",
            "addition_embed_type",
            "addition_time_embed_dim",
            "time_embedding_act_fn",
            "timestep_post_act",
            "cross_attention_norm",
            "num_attention_heads",
            "reverse_transformer_layers_per_block",
            "resnet_skip_time_act");

    private static final Set<String> READ = Set.of(
            "sample_size",
            "in_channels",
            "out_channels",
            "flip_sin_to_cos",
            "freq_shift",
            "down_block_types",
            "mid_block_type",
            "up_block_types",
            "block_out_channels",
            "layers_per_block",
            "downsample_padding",
            "mid_block_scale_factor",
            "act_fn",
            "norm_num_groups",
            "norm_eps",
            "cross_attention_dim",
            "transformer_layers_per_block",
            "attention_head_dim",
            "use_linear_projection",
            "resnet_time_scale_shift",
            "resnet_out_scale_factor",
            "time_embedding_type",
            "time_embedding_dim",
            "time_cond_proj_dim",
            "conv_in_kernel",
            "conv_out_kernel",
            "attention_type");

    public UNetConfig {
        levels = List.copyOf(levels);
    }

    public static UNetConfig of(JsonFile config) {
        refuseWhatIsUnsupported(config);
        List<Level> levels = levels(config);
        int channels = levels.get(0).channels();
        return new UNetConfig(
                config.count("in_channels", Limits.WIDTH).orElse(4),
                config.count("out_channels", Limits.WIDTH).orElse(4),
                config.counts("sample_size", 2, Limits.SAMPLE).orElse(null),
                levels,
                hasMidBlock(config),
                config.count("norm_num_groups", Limits.WIDTH).orElse(32),
                config.number("norm_eps", Limits.LEAST_EPS, Limits.MOST_EPS).orElse(1e-5),
                DiffusersActivation.of(config, "act_fn"),
                config.flag("use_linear_projection", false),
                downsamplePadding(config),
                oddKernel(config, "conv_in_kernel"),
                oddKernel(config, "conv_out_kernel"),
                config.count("time_embedding_dim", 4 * Limits.WIDTH).orElse(4 * channels),
                config.flag("flip_sin_to_cos", true),
                frequencyShift(config, channels),
                crossAttentionDim(config, levels.size()),
                timeCondProjDim(config));
    }

    private static void refuseWhatIsUnsupported(JsonFile config) {
        config.requireOnly("_class_name", "UNet2DConditionModel");
        config.requireOnly("mid_block_type", "UNetMidBlock2DCrossAttn");
        config.requireOnly("mid_block_scale_factor", 1);
        config.requireOnly("resnet_time_scale_shift", "default");
        config.requireOnly("resnet_out_scale_factor", 1);
        config.requireOnly("time_embedding_type", "positional");
        config.requireOnly("attention_type", "default");
        UNSUPPORTED.forEach(config::requireUnset);
        if (config.root().path("norm_num_groups").isNull()) {
            throw new ModelException("%s sets norm_num_groups=null, which is not supported".formatted(config.path()));
        }
        config.refuseKeysOtherThan(union(READ, WITHOUT_EFFECT));
    }

    /** Absent, the type is diffusers' default; null, there is none. */
    private static boolean hasMidBlock(JsonFile config) {
        return !config.root().path("mid_block_type").isNull();
    }

    private static List<Level> levels(JsonFile config) {
        List<Integer> channels = config.countList("block_out_channels", Limits.LEVELS, Limits.WIDTH)
                .orElse(List.of(320, 640, 1280, 1280));
        int count = channels.size();
        List<Boolean> down = attends(config, "down_block_types", DOWN, "CrossAttnDownBlock2D", "DownBlock2D", count);
        List<Boolean> up = attends(config, "up_block_types", UP, "CrossAttnUpBlock2D", "UpBlock2D", count);
        List<Integer> layers =
                config.counts("layers_per_block", count, Limits.LAYERS).orElse(Collections.nCopies(count, 2));
        List<Integer> heads =
                config.counts("attention_head_dim", count, Limits.WIDTH).orElse(Collections.nCopies(count, 8));
        List<Integer> blocks = config.counts("transformer_layers_per_block", count, Limits.LAYERS)
                .orElse(Collections.nCopies(count, 1));
        int groups = config.count("norm_num_groups", Limits.WIDTH).orElse(32);

        List<Level> levels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (channels.get(i) % groups != 0) {
                throw config.fault("block_out_channels", "multiples of norm_num_groups=" + groups);
            }
            boolean attentionUp = up.get(count - 1 - i);
            boolean attends = down.get(i) || attentionUp || (i == count - 1 && hasMidBlock(config));
            if (attends && heads.get(i) > channels.get(i)) {
                throw config.fault(
                        "attention_head_dim",
                        "at most the %d channels of its block (it is the number of heads)".formatted(channels.get(i)));
            }
            levels.add(
                    new Level(channels.get(i), layers.get(i), heads.get(i), blocks.get(i), down.get(i), attentionUp));
        }
        return levels;
    }

    /** Which blocks hold attention. */
    private static List<Boolean> attends(
            JsonFile config, String key, List<String> fallback, String with, String without, int count) {
        List<String> types = config.texts(key).orElse(fallback);
        if (types.size() != count || !types.stream().allMatch(type -> type.equals(with) || type.equals(without))) {
            throw config.fault(key, "a list of %d, each %s or %s".formatted(count, with, without));
        }
        return types.stream().map(with::equals).toList();
    }

    private static int downsamplePadding(JsonFile config) {
        double padding = config.number("downsample_padding", 0, 1).orElse(1.0);
        if (padding != Math.rint(padding)) {
            throw config.fault("downsample_padding", "0 or 1");
        }
        return (int) padding;
    }

    private static int oddKernel(JsonFile config, String key) {
        int kernel = config.count(key, Limits.KERNEL).orElse(3);
        if (kernel % 2 == 0) {
            throw config.fault(key, "odd");
        }
        return kernel;
    }

    /** The frequencies' exponents are divided by half the width less this. */
    private static double frequencyShift(JsonFile config, int channels) {
        double shift = config.number("freq_shift", -Limits.WIDTH, Limits.WIDTH).orElse(0.0);
        int half = channels / 2;
        if (half == 0 || shift >= half) {
            throw config.fault(
                    "freq_shift",
                    "less than half of the %d channels that the timestep is embedded in".formatted(channels));
        }
        return shift;
    }

    /** The frequencies' exponents are divided by half the width less one. */
    private static @Nullable Integer timeCondProjDim(JsonFile config) {
        Integer width = config.count("time_cond_proj_dim", Limits.WIDTH).orElse(null);
        if (width != null && width < 4) {
            throw config.fault("time_cond_proj_dim", "4 or more");
        }
        return width;
    }

    private static int crossAttentionDim(JsonFile config, int levels) {
        List<Integer> dims =
                config.counts("cross_attention_dim", levels, Limits.WIDTH).orElse(List.of(1280));
        if (dims.stream().distinct().count() != 1) {
            throw config.fault("cross_attention_dim", "the same for every block");
        }
        return dims.get(0);
    }

    private static Set<String> union(Set<String> a, Set<String> b) {
        Set<String> both = new HashSet<>(a);
        both.addAll(b);
        return both;
    }
}
