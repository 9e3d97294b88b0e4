package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.List;
import java.util.Set;

/**
 * The shape of an AutoencoderTiny's decoder, from its {@code config.json}. Absent keys mean what they mean to diffusers.
 *
 * @param channels between the latents and the image
 * @param blocks of each level, from the latents to the image; each level but the last doubles the image
 * @param activation within the blocks, which end with a ReLU whatever it is
 * @param scalingFactor what latents are multiplied with before the UNet sees them
 * @param shiftFactor what is subtracted from latents before they are scaled
 */
public record AutoencoderTinyConfig(
        int outChannels,
        int latentChannels,
        int channels,
        List<Integer> blocks,
        Activation activation,
        double scalingFactor,
        double shiftFactor) {
    static final String CLASS = "AutoencoderTiny";

    private static final Set<String> READ = Set.of(
            "out_channels",
            "latent_channels",
            "decoder_block_out_channels",
            "num_decoder_blocks",
            "act_fn",
            "upsample_fn",
            "upsampling_scaling_factor",
            "scaling_factor",
            "shift_factor",
            "block_out_channels", // diffusers writes decoder_block_out_channels there again
            "in_channels", // these three are the encoder's
            "encoder_block_out_channels",
            "num_encoder_blocks",
            "latent_magnitude", // these two are for latents that are stored as bytes
            "latent_shift",
            "force_upcast"); // numerics of half precision

    public AutoencoderTinyConfig {
        blocks = List.copyOf(blocks);
    }

    public static AutoencoderTinyConfig of(JsonFile config) {
        config.requireOnly("_class_name", CLASS);
        config.requireOnly("upsample_fn", "nearest");
        config.requireOnly("upsampling_scaling_factor", 2);
        config.refuseKeysOtherThan(READ);
        List<Integer> channels = config.countList("decoder_block_out_channels", Limits.LEVELS, Limits.WIDTH)
                .orElse(List.of(64, 64, 64, 64));
        if (channels.stream().distinct().count() > 1) { // no layer leads from one number to another
            throw config.fault("decoder_block_out_channels", "a list of equal numbers");
        }
        List<Integer> blocks = config.countList("num_decoder_blocks", Limits.LEVELS, Limits.LAYERS)
                .orElse(List.of(3, 3, 3, 1));
        if (blocks.size() != channels.size()) {
            throw config.fault(
                    "num_decoder_blocks",
                    "a list of %d numbers, as decoder_block_out_channels is".formatted(channels.size()));
        }
        return new AutoencoderTinyConfig(
                config.count("out_channels", Limits.WIDTH).orElse(3),
                config.count("latent_channels", Limits.WIDTH).orElse(4),
                channels.get(0),
                blocks,
                DiffusersActivation.of(config, "act_fn", Activation.RELU),
                config.number("scaling_factor", 1e-4, 1e4).orElse(1.0),
                config.number("shift_factor", -1e4, 1e4).orElse(0.0));
    }

    /** Pixels that stand behind one latent, in each direction. */
    public int scale() {
        return 1 << (blocks.size() - 1);
    }
}
