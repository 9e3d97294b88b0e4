package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * The shape of an AutoencoderKL, from {@code vae/config.json}. Absent keys mean what they mean to diffusers.
 *
 * @param channels of the levels, from the pixels to the latents; each but the last halves the image
 * @param layers resnets a level of the encoder; the decoder has one more
 * @param scalingFactor what latents are multiplied with before the UNet sees them
 * @param shiftFactor what is subtracted from latents before they are scaled
 */
public record AutoencoderConfig(
        int inChannels,
        int outChannels,
        int latentChannels,
        List<Integer> channels,
        int layers,
        int groups,
        Activation activation,
        double scalingFactor,
        double shiftFactor,
        boolean quantConv,
        boolean postQuantConv,
        boolean midAttention) {

    static final String CLASS = "AutoencoderKL";

    private static final Set<String> READ = Set.of(
            "in_channels",
            "out_channels",
            "latent_channels",
            "block_out_channels",
            "down_block_types",
            "up_block_types",
            "layers_per_block",
            "norm_num_groups",
            "act_fn",
            "scaling_factor",
            "shift_factor",
            "use_quant_conv",
            "use_post_quant_conv",
            "mid_block_add_attention",
            "sample_size", // of its training; the UNet's decides
            "force_upcast"); // numerics of half precision

    public AutoencoderConfig {
        channels = List.copyOf(channels);
    }

    public static AutoencoderConfig of(JsonFile config) {
        config.requireOnly("_class_name", CLASS);
        config.requireUnset("latents_mean");
        config.requireUnset("latents_std");
        config.refuseKeysOtherThan(READ);
        List<Integer> channels = config.countList("block_out_channels", Limits.LEVELS, Limits.WIDTH)
                .orElse(List.of(64));
        requireBlocks(config, "down_block_types", "DownEncoderBlock2D", channels.size());
        requireBlocks(config, "up_block_types", "UpDecoderBlock2D", channels.size());
        int groups = config.count("norm_num_groups", Limits.WIDTH).orElse(32);
        if (channels.stream().anyMatch(count -> count % groups != 0)) {
            throw config.fault("block_out_channels", "multiples of norm_num_groups=" + groups);
        }
        return new AutoencoderConfig(
                config.count("in_channels", Limits.WIDTH).orElse(3),
                config.count("out_channels", Limits.WIDTH).orElse(3),
                config.count("latent_channels", Limits.WIDTH).orElse(4),
                channels,
                config.count("layers_per_block", Limits.LAYERS).orElse(1),
                groups,
                DiffusersActivation.of(config, "act_fn"),
                config.number("scaling_factor", 1e-4, 1e4).orElse(0.18215),
                config.number("shift_factor", -1e4, 1e4).orElse(0.0),
                config.flag("use_quant_conv", true),
                config.flag("use_post_quant_conv", true),
                config.flag("mid_block_add_attention", true));
    }

    /** Pixels that stand behind one latent, in each direction. */
    public int scale() {
        return 1 << (channels.size() - 1);
    }

    private static void requireBlocks(JsonFile config, String key, String type, int count) {
        List<String> types = config.texts(key).orElse(List.of(type));
        if (!types.equals(Collections.nCopies(count, type))) {
            throw config.fault(key, "a list of %d times %s".formatted(count, type));
        }
    }
}
