package dev.swiftbrush.runtime.network;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.runtime.json.Json;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.text.ClipVocabulary;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Diffusers folders with as many levels and layers as Stable Diffusion 1.5 or 2.1, its heads, groups and vocabulary, but
 * narrow, and with random weights.
 */
public enum PublishedTopology {
    SD1(
            "full-sd1",
            "'block_out_channels': [32, 64, 96, 96], 'attention_head_dim': 8, 'cross_attention_dim': 64",
            "'hidden_size': 64, 'intermediate_size': 96, 'num_attention_heads': 1, 'num_hidden_layers': 12, 'hidden_act': 'quick_gelu'",
            ClipVocabulary.END),
    SD2(
            "full-sd2",
            "'block_out_channels': [64, 128, 192, 192], 'attention_head_dim': [1, 2, 3, 3], 'cross_attention_dim': 64, 'use_linear_projection': true",
            "'hidden_size': 64, 'intermediate_size': 96, 'num_attention_heads': 1, 'num_hidden_layers': 23, 'hidden_act': 'gelu'",
            "!");

    private static final String VAE = """
            {'_class_name': 'AutoencoderKL', 'block_out_channels': [32, 64, 96, 96], 'layers_per_block': 2,
             'down_block_types': ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
             'up_block_types': ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D']}""";
    private static final String INDEX = """
            {'_class_name': 'StableDiffusionPipeline', 'unet': ['diffusers', 'UNet2DConditionModel'],
             'vae': ['diffusers', 'AutoencoderKL'], 'text_encoder': ['transformers', 'CLIPTextModel'],
             'tokenizer': ['transformers', 'CLIPTokenizer'], 'scheduler': ['diffusers', 'DDIMScheduler']}""";

    private final String names;
    private final String unet;
    private final String text;
    private final String pad;

    PublishedTopology(String names, String unet, String text, String pad) {
        this.names = names;
        this.unet = unet;
        this.text = text;
        this.pad = pad;
    }

    /** Under which its names in a single file are recorded. */
    public String names() {
        return names;
    }

    /**
     * Writes a folder.
     *
     * @param moreOfUnet keys for the UNet's configuration, each after a comma; may be empty
     * @param prediction of the scheduler
     */
    public Checkpoint write(Path folder, String moreOfUnet, String prediction) {
        try {
            JsonFile unetConfig = config(
                    folder.resolve("unet"), "{'_class_name': 'UNet2DConditionModel', " + unet + moreOfUnet + "}");
            JsonFile vaeConfig = config(folder.resolve("vae"), VAE);
            JsonFile textConfig =
                    config(folder.resolve("text_encoder"), "{'model_type': 'clip_text_model', " + text + "}");
            weights(
                    folder.resolve("unet/diffusion_pytorch_model.safetensors"),
                    new UNet2DConditionModel(UNetConfig.of(unetConfig)).weights());
            weights(
                    folder.resolve("vae/diffusion_pytorch_model.safetensors"),
                    new AutoencoderKl(AutoencoderConfig.of(vaeConfig)).weights());
            weights(
                    folder.resolve("text_encoder/model.safetensors"),
                    new ClipTextModel(ClipTextConfig.of(textConfig)).weights());
            json(folder.resolve("model_index.json"), INDEX);
            json(Files.createDirectories(folder.resolve("scheduler")).resolve("scheduler_config.json"), """
                    {'_class_name': 'DDIMScheduler', 'beta_start': 0.00085, 'beta_end': 0.012,
                     'beta_schedule': 'scaled_linear', 'prediction_type': '%s'}""".formatted(
                            prediction));
            Path tokenizer = Files.createDirectories(folder.resolve("tokenizer"));
            new ClipVocabulary().writeVocabularyAndMerges(tokenizer);
            ClipVocabulary.writePublishedConfig(tokenizer, pad, Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Checkpoint.open(folder, false);
    }

    private static JsonFile config(Path folder, String json) throws IOException {
        return new JsonFile(
                Path.of("config.json"), json(Files.createDirectories(folder).resolve("config.json"), json));
    }

    private static ObjectNode json(Path file, String json) throws IOException {
        ObjectNode object = Json.object(json);
        new ObjectMapper().writeValue(file.toFile(), object);
        return object;
    }

    private static void weights(Path file, Map<String, Shape> shapes) {
        Random random = new Random(file.getParent().getFileName().hashCode());
        List<SafetensorsWriter.Declaration> declarations = new ArrayList<>();
        shapes.forEach((name, shape) -> {
            List<Long> sizes = new ArrayList<>();
            for (long size : shape.sizes()) {
                sizes.add(size);
            }
            declarations.add(new SafetensorsWriter.Declaration(name, DType.F32, sizes));
        });
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, declarations, Map.of())) {
            for (SafetensorsWriter.Declaration tensor : declarations) {
                writer.write(tensor.name(), values(tensor, random));
            }
        }
    }

    /** Norms keep the size of what they get, layers about so. */
    private static ByteBuffer values(SafetensorsWriter.Declaration tensor, Random random) {
        int count = Math.toIntExact(tensor.byteLength() / 4);
        boolean vector = tensor.shape().size() == 1;
        boolean norm = vector && tensor.name().contains("norm") && tensor.name().endsWith("weight");
        double gain =
                vector ? 0.1 : 1 / Math.sqrt(count / (double) tensor.shape().get(0));
        ByteBuffer bytes = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            bytes.putFloat((float) ((norm ? 1 : 0) + gain * random.nextGaussian()));
        }
        return bytes.flip();
    }
}
