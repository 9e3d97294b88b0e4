package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.AutoencoderConfig;
import dev.swiftbrush.runtime.network.AutoencoderKl;
import dev.swiftbrush.runtime.network.AutoencoderTiny;
import dev.swiftbrush.runtime.network.AutoencoderTinyConfig;
import dev.swiftbrush.runtime.network.ClipTextConfig;
import dev.swiftbrush.runtime.network.ClipTextModel;
import dev.swiftbrush.runtime.network.UNet2DConditionModel;
import dev.swiftbrush.runtime.network.UNetConfig;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;

/** A checkpoint without its weights: the small files, which are resources, and the names and shapes that follow. */
enum Architecture {
    SD21_BASE("Stable Diffusion 2.1-base"),
    SD_MID("a Stable Diffusion 2.x between the tiny and the full one, for training"),
    TINY("a tiny model that shows only that the benchmark runs");

    /** The files of a checkpoint that are copied as they are. */
    static final List<String> FILES = List.of(
            "model_index.json",
            "swiftbrush.json",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "unet/config.json",
            "vae/config.json",
            "tokenizer/tokenizer_config.json",
            "tokenizer/special_tokens_map.json");

    private final String title;

    Architecture(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /** The name of the folder that its files lie in. */
    String folder() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    byte[] file(String name) throws IOException {
        String resource = folder() + "/" + name;
        try (InputStream in = Objects.requireNonNull(Architecture.class.getResourceAsStream(resource), resource)) {
            return in.readAllBytes();
        }
    }

    /** Files of weights and the tensors in them. */
    Map<String, List<Declaration>> weights() {
        return Map.of(
                "text_encoder/model.safetensors",
                declarations(new ClipTextModel(text()).weights()),
                "unet/diffusion_pytorch_model.safetensors",
                unetWeights(),
                "vae/diffusion_pytorch_model.safetensors",
                declarations(new AutoencoderKl(AutoencoderConfig.of(config("vae"))).weights()));
    }

    /** A decoder in TAESD's layout for latents of this architecture, without its weights. */
    AutoencoderTiny tinyDecoder() {
        return new AutoencoderTiny(AutoencoderTinyConfig.of(JsonFile.of(Path.of(TinyDecoder.CONFIG), tinyConfig())));
    }

    /** The configuration of that decoder, whose levels are as many as those of the autoencoder. */
    byte[] tinyConfig() {
        AutoencoderConfig vae = AutoencoderConfig.of(config("vae"));
        List<Integer> blocks =
                new ArrayList<>(Collections.nCopies(vae.channels().size() - 1, 3));
        blocks.add(1);
        return """
                {"_class_name": "AutoencoderTiny", "latent_channels": %d, "num_decoder_blocks": %s, "decoder_block_out_channels": %s}
                """.formatted(vae.latentChannels(), blocks, Collections.nCopies(blocks.size(), 64))
                .getBytes(StandardCharsets.UTF_8);
    }

    long unetParameters() {
        return bytes(unetWeights()) / Float.BYTES;
    }

    long weightBytes() {
        return weights().values().stream().mapToLong(Architecture::bytes).sum();
    }

    /** Token ids that the text encoder knows. */
    int vocabulary() {
        return text().vocabulary();
    }

    private List<Declaration> unetWeights() {
        return declarations(new UNet2DConditionModel(UNetConfig.of(config("unet"))).weights());
    }

    private ClipTextConfig text() {
        return ClipTextConfig.of(config("text_encoder"));
    }

    private JsonFile config(String component) {
        return JsonFile.resource(Architecture.class, folder() + "/" + component + "/config.json");
    }

    static List<Declaration> declarations(Map<String, Shape> shapes) {
        return shapes.entrySet().stream()
                .map(entry -> new Declaration(
                        entry.getKey(),
                        DType.F32,
                        LongStream.of(entry.getValue().sizes()).boxed().toList()))
                .toList();
    }

    private static long bytes(List<Declaration> tensors) {
        return tensors.stream().mapToLong(Declaration::byteLength).sum();
    }
}
