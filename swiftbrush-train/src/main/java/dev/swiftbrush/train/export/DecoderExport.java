package dev.swiftbrush.train.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.runtime.network.AutoencoderTiny;
import dev.swiftbrush.runtime.network.AutoencoderTinyConfig;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.files.AtomicFolder;
import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Writes a tiny decoder as a folder in the layout that diffusers has for TAESD, with the decoder's weights alone. The folder is
 * there whole or not at all; one that is there is replaced. Immutable and thread-safe.
 *
 * @param decoder what is written
 * @param dtype of the weights: F32 or F16
 * @see <a href="https://github.com/madebyollin/taesd">TAESD</a>
 */
public record DecoderExport(AutoencoderTiny decoder, DType dtype) {
    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";
    private static final int RGB = 3;

    public DecoderExport {
        WeightFile.requireFloat(dtype);
    }

    /**
     * A decoder for the latents of a checkpoint.
     *
     * @param channels of each of its layers
     * @param blocks of three convolutions at each size of the picture but the last, which has one
     */
    public static AutoencoderTiny decoderFor(Checkpoint checkpoint, int channels, int blocks) {
        int doublings = Integer.numberOfTrailingZeros(checkpoint.autoencoder().scale());
        List<Integer> levels = new ArrayList<>(Collections.nCopies(doublings, blocks));
        levels.add(1);
        return new AutoencoderTiny(new AutoencoderTinyConfig(
                RGB, checkpoint.autoencoder().latentChannels(), channels, levels, Activation.RELU, 1, 0));
    }

    /** Weights to begin with, as PyTorch draws them. */
    public WeightSource initialWeights(long seed) {
        return new InitialWeights(decoder.weights(), seed, false);
    }

    /**
     * Writes the folder.
     *
     * @param readme what goes with the weights, as Markdown
     * @return {@code target}
     * @throws StorageException if the disk refuses
     * @throws dev.swiftbrush.ModelException if a weight is incomplete or not finite
     */
    public Path write(Path target, WeightSource weights, String readme) {
        Path absolute = target.toAbsolutePath().normalize();
        try {
            Files.createDirectories(absolute.resolveSibling(""));
            try (AtomicFolder folder = AtomicFolder.create(absolute)) {
                JsonOutput.write(folder.path().resolve("config.json"), config());
                Path file = folder.path().resolve(WEIGHTS);
                WeightFile.write(file, decoder.weights(), name -> name, dtype, weights, Map.of("format", "pt"));
                Files.writeString(folder.path().resolve("README.md"), readme);
                if (Files.exists(absolute)) {
                    folder.commitReplacing();
                } else {
                    folder.commit();
                }
            }
        } catch (IOException e) {
            throw StorageException.cannotWrite(target, e);
        }
        return target;
    }

    private ObjectNode config() {
        AutoencoderTinyConfig config = decoder.config();
        List<Integer> widths = Collections.nCopies(config.blocks().size(), config.channels());
        ObjectNode json = JsonOutput.object();
        json.put("_class_name", "AutoencoderTiny");
        json.put("act_fn", "relu");
        json.put("in_channels", RGB);
        json.put("out_channels", config.outChannels());
        json.put("latent_channels", config.latentChannels());
        json.set("decoder_block_out_channels", JsonOutput.node(widths));
        json.set("num_decoder_blocks", JsonOutput.node(config.blocks()));
        json.set("encoder_block_out_channels", JsonOutput.node(widths));
        List<Integer> mirrored = new ArrayList<>(config.blocks());
        Collections.reverse(mirrored);
        json.set("num_encoder_blocks", JsonOutput.node(mirrored));
        json.put("upsample_fn", "nearest");
        json.put("upsampling_scaling_factor", 2);
        json.put("scaling_factor", config.scalingFactor());
        return json;
    }
}
