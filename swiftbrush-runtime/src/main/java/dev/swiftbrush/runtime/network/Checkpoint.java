package dev.swiftbrush.runtime.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.runtime.weights.WeightAudit;
import dev.swiftbrush.runtime.weights.WeightFiles;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Stable Diffusion 1.x or 2.x checkpoint in diffusers layout: three networks and where their weights lie. Opening
 * reads configurations and headers, and holds every weight's name and shape against the architecture; no weight is read.
 * A text encoder that is not CLIP's is looked into only when it is used.
 *
 * @param vaeWeights those of {@code decoder}
 * @param decoderFolder where the decoder is from, or null if it is the checkpoint's own
 * @param halfFolder where the weights of UNet and text encoder are in half precision, or null if they are the checkpoint's own
 */
public record Checkpoint(
        Path folder,
        TextNetwork textEncoder,
        UNet2DConditionModel unet,
        LatentDecoder decoder,
        Component unetWeights,
        Component vaeWeights,
        @Nullable Path decoderFolder,
        @Nullable Path halfFolder) {

    /** What the names of a decoder's files begin with if it is not the checkpoint's own. */
    public static final String DECODER = "decoder/";

    /** What the names of weights in half precision begin with if they are not the checkpoint's own. */
    public static final String HALF = "half/";

    private static final String WEIGHTS = "diffusion_pytorch_model";

    /**
     * The weights of one network.
     *
     * @param tensors by the names that the network asks for
     * @param files the configuration and the files of weights
     */
    public record Component(Map<String, StoredTensor> tensors, List<Path> files) {}

    /** Component folders of other model families, and what to call those. */
    private static final List<Foreign> FOREIGN = List.of( // the first that fits says most
            new Foreign("text_encoder_3", "three text encoders (Stable Diffusion 3)"),
            new Foreign("transformer", "a transformer instead of a UNet"),
            new Foreign("prior", "a prior (Kandinsky, unCLIP)"),
            new Foreign("controlnet", "a ControlNet"),
            new Foreign("text_encoder_2", "two text encoders (Stable Diffusion XL)"));

    private static final List<Part> PARTS = List.of(
            new Part("unet", List.of("UNet2DConditionModel")),
            new Part("vae", List.of(AutoencoderConfig.CLASS, AutoencoderTinyConfig.CLASS)),
            new Part("text_encoder", List.of("CLIPTextModel", "CLIPTextModelWithProjection", OnnxTextConfig.CLASS)));
    private static final Part CLIP_TOKENIZER = new Part("tokenizer", List.of("CLIPTokenizer", "CLIPTokenizerFast"));
    private static final Part JSON_TOKENIZER = new Part("tokenizer", List.of("Tokenizer"));

    private record Foreign(String component, String family) {}

    private record Part(String component, List<String> classes) {}

    /**
     * Opens the checkpoint in {@code folder}.
     *
     * @param preferFp16 whether files of the {@code fp16} variant are taken where both are there
     * @throws ModelException if a file is missing or damaged, the architecture is not supported, or weights do not fit
     */
    public static Checkpoint open(Path folder, boolean preferFp16) {
        JsonFile index = requireStableDiffusion(folder);
        JsonFile unetConfig = JsonFile.read(folder.resolve("unet/config.json"));
        JsonFile vaeConfig = JsonFile.read(folder.resolve("vae/config.json"));
        TextNetwork textEncoder = textNetwork(folder, index, preferFp16);
        UNet2DConditionModel unet = new UNet2DConditionModel(UNetConfig.of(unetConfig));
        LatentDecoder decoder = decoder(vaeConfig, className(index, "vae"));
        requireThatTheyFit(folder, textEncoder, unet.config(), decoder);

        return new Checkpoint(
                folder,
                textEncoder,
                unet,
                decoder,
                component(unetConfig, WEIGHTS, preferFp16, names -> names, unet.weights()),
                decoderWeights(vaeConfig, decoder, preferFp16),
                null,
                null);
    }

    /**
     * The same checkpoint with another decoder.
     *
     * @param folder with the {@code config.json} and the weights of an AutoencoderTiny or AutoencoderKL
     * @throws ModelException if it cannot be used, or decodes latents of another kind
     */
    public Checkpoint withDecoder(Path folder, boolean preferFp16) {
        if (!Files.isDirectory(folder)) {
            throw new ModelException("%s is not a folder; a decoder is one with config.json and %s.safetensors"
                    .formatted(folder, WEIGHTS));
        }
        JsonFile config = JsonFile.read(folder.resolve("config.json"));
        LatentDecoder other = decoder(config, config.text("_class_name").orElse(""));
        if (other.latentChannels() != decoder.latentChannels()
                || other.scale() != decoder.scale()
                || other.outChannels() != decoder.outChannels()) {
            throw new ModelException(
                    "The decoder in %s makes %s, but that of %s makes %s; it must be for the same latents"
                            .formatted(folder, described(other), this.folder, described(decoder)));
        }
        Component weights = decoderWeights(config, other, preferFp16);
        return new Checkpoint(this.folder, textEncoder, unet, other, unetWeights, weights, folder, halfFolder);
    }

    /**
     * The same checkpoint with other weights of its UNet and, if it is CLIP's, its text encoder.
     *
     * @param folder where they lie
     */
    public Checkpoint withHalf(Path folder, Component unet, Component text) {
        TextNetwork encoder =
                textEncoder instanceof TextNetwork.Clip clip ? new TextNetwork.Clip(clip.model(), text) : textEncoder;
        return new Checkpoint(this.folder, encoder, this.unet, decoder, unet, vaeWeights, decoderFolder, folder);
    }

    private static String described(LatentDecoder decoder) {
        return "%d channels of %2$dx%2$d pixels from a latent of %3$d channels"
                .formatted(decoder.outChannels(), decoder.scale(), decoder.latentChannels());
    }

    private static LatentDecoder decoder(JsonFile config, String className) {
        return switch (className) {
            case AutoencoderTinyConfig.CLASS -> new AutoencoderTiny(AutoencoderTinyConfig.of(config));
            case AutoencoderConfig.CLASS -> new AutoencoderKl(AutoencoderConfig.of(config));
            default ->
                throw config.fault(
                        "_class_name", "%s or %s".formatted(AutoencoderConfig.CLASS, AutoencoderTinyConfig.CLASS));
        };
    }

    private static Component decoderWeights(JsonFile config, LatentDecoder decoder, boolean preferFp16) {
        UnaryOperator<Map<String, StoredTensor>> names =
                decoder instanceof AutoencoderTiny ? WeightNames::ofTinyAutoencoder : WeightNames::ofAutoencoder;
        return component(config, WEIGHTS, preferFp16, names, decoder.weights());
    }

    /**
     * The autoencoder, which decodes and encodes.
     *
     * @throws ModelException if it is a tiny one, of which there is the decoder alone
     */
    public AutoencoderKl autoencoder() {
        if (decoder instanceof AutoencoderKl autoencoder) {
            return autoencoder;
        }
        throw new ModelException("The autoencoder of %s is an %s, which only decodes here; an %s is needed"
                .formatted(folder, AutoencoderTinyConfig.CLASS, AutoencoderConfig.CLASS));
    }

    /** The files of all networks by names that do not tell where they lie. */
    public Map<String, Path> files() {
        Map<String, Path> files = new LinkedHashMap<>();
        Stream.of(textEncoder.files(), unetWeights.files(), vaeWeights.files())
                .flatMap(List::stream)
                .forEach(file -> files.put(nameOf(file), file));
        return files;
    }

    /** The name of one of {@link #files()}. */
    public String nameOf(Path file) {
        String name;
        if (decoderFolder != null && vaeWeights.files().contains(file)) {
            name = DECODER + decoderFolder.relativize(file);
        } else if (halfFolder != null && file.startsWith(halfFolder)) {
            name = HALF + halfFolder.relativize(file);
        } else {
            name = folder.relativize(file).toString();
        }
        return name.replace(File.separatorChar, '/');
    }

    /**
     * CLIP's text model.
     *
     * @throws IllegalStateException if the text encoder is another
     */
    public TextNetwork.Clip clip() {
        if (textEncoder instanceof TextNetwork.Clip clip) {
            return clip;
        }
        throw new IllegalStateException("the text encoder in %s is not CLIP's".formatted(folder));
    }

    private static TextNetwork textNetwork(Path folder, JsonFile index, boolean preferFp16) {
        JsonFile config = JsonFile.read(folder.resolve("text_encoder/config.json"));
        if (isOnnx(index)) {
            return new TextNetwork.Onnx(OnnxTextConfig.of(config));
        }
        ClipTextModel model = new ClipTextModel(ClipTextConfig.of(config));
        return new TextNetwork.Clip(
                model, component(config, "model", preferFp16, WeightNames::ofTextEncoder, model.weights()));
    }

    private static Component component(
            JsonFile config,
            String baseName,
            boolean preferFp16,
            UnaryOperator<Map<String, StoredTensor>> names,
            Map<String, Shape> wanted) {
        Path folder = config.path().resolveSibling("");
        WeightFiles files = WeightFiles.open(folder, baseName, preferFp16);
        Map<String, StoredTensor> tensors = names.apply(files.tensors());
        WeightAudit.require(folder, wanted, tensors);
        List<Path> read =
                Stream.concat(Stream.of(config.path()), files.files().stream()).toList();
        return new Component(tensors, read);
    }

    /**
     * Requires of {@code model_index.json} alone that the model is of a kind that can be opened.
     *
     * @return the file
     * @throws ModelException if it is another, or there is none
     */
    public static JsonFile requireStableDiffusion(Path folder) {
        JsonFile index = requireOneEncoderAndUnet(folder);
        for (Part part : PARTS) {
            require(index, part);
        }
        require(index, isOnnx(index) ? JSON_TOKENIZER : CLIP_TOKENIZER);
        return index;
    }

    /**
     * Requires of {@code model_index.json} alone that the model names no part of another family, whatever runs the parts.
     *
     * @return the file
     * @throws ModelException if it does, or there is none
     */
    public static JsonFile requireOneEncoderAndUnet(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new ModelException("%s is not a folder".formatted(folder));
        }
        Path file = folder.resolve("model_index.json");
        if (!Files.exists(file)) {
            throw new ModelException(
                    "%s has no model_index.json; a checkpoint in diffusers layout was expected".formatted(folder));
        }
        JsonFile index = JsonFile.read(file);
        for (Foreign foreign : FOREIGN) {
            if (isPresent(index, foreign.component())) {
                throw new ModelException("%s describes a model with %s; only Stable Diffusion 1.x and 2.x are supported"
                        .formatted(file, foreign.family()));
            }
        }
        return index;
    }

    private static void require(JsonFile index, Part part) {
        if (!part.classes().contains(className(index, part.component()))) {
            throw index.fault(part.component(), "of the class " + String.join(" or ", part.classes()));
        }
    }

    private static boolean isOnnx(JsonFile index) {
        return className(index, "text_encoder").equals(OnnxTextConfig.CLASS);
    }

    private static String className(JsonFile index, String component) {
        return index.root().path(component).path(1).asText();
    }

    private static boolean isPresent(JsonFile index, String component) {
        JsonNode entry = index.root().path(component);
        return !entry.isMissingNode() && !entry.isNull() && !entry.path(1).isNull();
    }

    static void requireThatTheyFit(Path folder, TextNetwork text, UNetConfig unet, LatentDecoder vae) {
        if (unet.crossAttentionDim() != text.width()) {
            throw new ModelException("%s: the UNet attends to hidden states %d wide, but the text encoder's are %d wide"
                    .formatted(folder, unet.crossAttentionDim(), text.width()));
        }
        if (unet.inChannels() != vae.latentChannels() || unet.outChannels() != vae.latentChannels()) {
            throw new ModelException(
                    "%s: the UNet takes %d channels and gives %d, but the autoencoder's latents have %d; inpainting and image-to-image models are not supported"
                            .formatted(folder, unet.inChannels(), unet.outChannels(), vae.latentChannels()));
        }
        if (vae.outChannels() != 3) {
            throw new ModelException(
                    "%s: the autoencoder gives %d channels, but RGB has 3".formatted(folder, vae.outChannels()));
        }
    }
}
