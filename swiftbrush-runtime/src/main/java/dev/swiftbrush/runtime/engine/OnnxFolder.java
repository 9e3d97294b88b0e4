package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.Precision;
import dev.swiftbrush.runtime.export.OnnxPipeline;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of ONNX files, whose networks others have written. What their graphs do not say is read from the configurations
 * that Optimum puts beside them; where there are none, as in the folders of diffusers' {@code OnnxStableDiffusionPipeline}, it
 * is counted in the graphs, else what that class takes for granted.
 *
 * @param tokens that the text encoder reads at most
 * @param vocabulary of the text encoder, or null if that is not known
 * @param scale pixels behind one latent, in each direction
 * @param levels of the UNet, each but the last of which halves the latents
 * @param size of the images that it makes by itself
 * @param onlySize whether it makes no others
 */
record OnnxFolder(
        Path path,
        OnnxPipeline pipeline,
        OnnxPipeline.Scaling scaling,
        int latentChannels,
        int hiddenWidth,
        int tokens,
        @Nullable Integer vocabulary,
        int scale,
        int levels,
        ImageSize size,
        boolean onlySize,
        OnnxMemory memory)
        implements LoadedModel {
    static final String UNET_CONFIG = "unet/config.json";
    static final String TEXT_CONFIG = "text_encoder/config.json";
    static final List<String> DECODER_CONFIGS = List.of("vae_decoder/config.json", "vae/config.json");

    private static final List<String> FILES =
            List.of(OnnxPipeline.TEXT_ENCODER, OnnxPipeline.UNET, OnnxPipeline.VAE_DECODER);
    private static final List<String> CHECKPOINT = Stream.of("", ".fp16")
            .flatMap(variant -> Stream.of(variant + ".safetensors", ".safetensors.index" + variant + ".json"))
            .map(ending -> "unet/diffusion_pytorch_model" + ending)
            .toList();
    private static final String TOKENIZER = "tokenizer";
    private static final int MOST = 1 << 16;
    private static final int MOST_LEVELS = 8;
    private static final int MOST_TOKENS = 1024;

    // of diffusers' OnnxStableDiffusionPipeline
    private static final int SCALE = 8;
    private static final int LEVELS = 4;
    private static final int TOKENS = 77;
    private static final int LATENTS = 64;
    private static final double SCALING_FACTOR = 0.18215;

    /** Whether {@code path} is a folder whose networks are ONNX files and nothing else that can be opened. */
    static boolean isAt(Path path) {
        return FILES.stream().allMatch(file -> Files.exists(path.resolve(file)))
                && CHECKPOINT.stream().noneMatch(file -> Files.exists(path.resolve(file)));
    }

    /** @throws ModelException if the files are damaged, are no such networks, or do not fit together */
    static OnnxFolder load(Path path) {
        Checkpoint.requireOneEncoderAndUnet(path);
        OnnxPipeline pipeline = OnnxPipeline.read(path);
        Optional<JsonFile> unet = JsonFile.readIfPresent(path.resolve(UNET_CONFIG));
        Optional<JsonFile> text = JsonFile.readIfPresent(path.resolve(TEXT_CONFIG));
        Optional<JsonFile> decoder = DECODER_CONFIGS.stream()
                .flatMap(file -> JsonFile.readIfPresent(path.resolve(file)).stream())
                .findFirst();
        List<Integer> decoderChannels = blocks(decoder).orElse(List.of(128, 256, 512, 512));
        int scale = decoder.isPresent()
                ? 1 << (decoderChannels.size() - 1)
                : pipeline.decoderDoublings().map(count -> 1 << count).orElse(SCALE);
        boolean fixed = requireWholeSize(path, pipeline);
        int height = latents(pipeline.latentHeight(), unet, 0);
        int width = latents(pipeline.latentWidth(), unet, 1);
        return new OnnxFolder(
                path,
                pipeline,
                new OnnxPipeline.Scaling(
                        decoder.flatMap(json -> json.number("scaling_factor", 1e-4, 1e4))
                                .orElse(SCALING_FACTOR),
                        decoder.flatMap(json -> json.number("shift_factor", -1e4, 1e4))
                                .orElse(0.0)),
                known(path, "latents' channels", pipeline.latentChannels(), unet, "in_channels"),
                known(path, "hidden states' width", pipeline.hiddenWidth(), unet, "cross_attention_dim"),
                pipeline.tokens()
                        .map(OnnxFolder::count)
                        .orElseGet(() -> text.flatMap(json -> json.count("max_position_embeddings", MOST_TOKENS))
                                .orElse(TOKENS)),
                text.flatMap(json -> json.count("vocab_size", Integer.MAX_VALUE))
                        .orElse(null),
                scale,
                blocks(unet)
                        .map(List::size)
                        .or(() -> pipeline.unetDoublings().map(count -> count + 1))
                        .orElse(LEVELS),
                size(path, height, width, scale),
                fixed,
                new OnnxMemory(decoderChannels, scale, pipeline.oneByOne()));
    }

    private static Optional<List<Integer>> blocks(Optional<JsonFile> config) {
        return config.flatMap(json -> json.countList("block_out_channels", MOST_LEVELS, MOST));
    }

    private static boolean requireWholeSize(Path path, OnnxPipeline pipeline) {
        boolean height = pipeline.latentHeight().isPresent();
        if (height != pipeline.latentWidth().isPresent()) {
            throw new ModelException(
                    "%s: the ONNX files fix the %s of images and leave the %s open; export both with dynamic axes, or neither"
                            .formatted(path, height ? "height" : "width", height ? "width" : "height"));
        }
        return height;
    }

    /** @param side 0 for the height, 1 for the width */
    private static int latents(Optional<Long> fixed, Optional<JsonFile> unet, int side) {
        return fixed.map(OnnxFolder::count)
                .orElseGet(() -> unet.flatMap(json -> json.counts("sample_size", 2, MOST))
                        .map(sizes -> sizes.get(side))
                        .orElse(LATENTS));
    }

    private static ImageSize size(Path path, int height, int width, int scale) {
        try {
            return new ImageSize(Math.multiplyExact(width, scale), Math.multiplyExact(height, scale));
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new ModelException(
                    "%s: latents of %d x %d times the decoder's scale of %d are no size of an image: %s"
                            .formatted(path, width, height, scale, e.getMessage()),
                    e);
        }
    }

    private static int known(Path path, String what, Optional<Long> ofGraph, Optional<JsonFile> config, String key) {
        Optional<Integer> stated = config.flatMap(json -> json.count(key, MOST));
        return ofGraph.map(OnnxFolder::count)
                .or(() -> stated)
                .filter(count -> count <= MOST)
                .orElseThrow(() -> new ModelException(
                        "%s: neither the ONNX files nor %s say what the %s is; export them anew, with their configurations"
                                .formatted(path, UNET_CONFIG, what)));
    }

    private static int count(long size) {
        return (int) Math.min(size, Integer.MAX_VALUE);
    }

    @Override
    public void requireFits(Recipe recipe) {
        if (recipe.guidance() != null && !pipeline.takesGuidance()) {
            throw new ModelException(
                    "Recipe %s embeds a guidance scale of %s, but the UNet in %s has no timestep_cond to take it; it was trained for another recipe"
                            .formatted(recipe.name(), recipe.guidance(), path));
        }
    }

    @Override
    public Map<String, String> hashes(Fingerprints known) {
        Stream<String> configs = Stream.concat(Stream.of(UNET_CONFIG, TEXT_CONFIG), DECODER_CONFIGS.stream())
                .filter(this::has);
        Stream<String> tokenizer = PromptTokenizer.FILES.stream()
                .map(file -> TOKENIZER + "/" + file)
                .filter(this::has);
        Map<String, String> hashes = new HashMap<>();
        Stream.of(pipeline.places().stream(), configs, tokenizer)
                .flatMap(files -> files)
                .forEach(file -> hashes.put(file, known.of(path.resolve(file))));
        return hashes;
    }

    private boolean has(String file) {
        return Files.exists(path.resolve(file));
    }

    @Override
    public PromptTokenizer openTokenizer() {
        if (tokens < 3 || tokens > MOST_TOKENS) {
            throw new ModelException("%s: the text encoder reads %d tokens; 3 to %d can be made of a prompt"
                    .formatted(path, tokens, MOST_TOKENS));
        }
        ClipTokenizer tokenizer = ClipTokenizer.open(path.resolve(TOKENIZER), tokens);
        try {
            requireFits(tokenizer);
            return tokenizer;
        } catch (ModelException e) {
            tokenizer.close();
            throw e;
        }
    }

    private void requireFits(ClipTokenizer tokenizer) {
        if (vocabulary != null && tokenizer.vocabularySize() > vocabulary) {
            throw new ModelException("%s: the tokenizer gives ids up to %d, but the text encoder has %d embeddings"
                    .formatted(path, tokenizer.vocabularySize() - 1, vocabulary));
        }
        Optional<Long> fixed = pipeline.tokens();
        if (fixed.isPresent() && tokenizer.maxLength() != fixed.get()) {
            throw new ModelException(
                    "%s: the tokenizer makes prompts of %d tokens, but the networks were exported for %d alone"
                            .formatted(path, tokenizer.maxLength(), fixed.get()));
        }
    }

    @Override
    public ModelShape shape(int tokens) {
        return new ModelShape(
                tokens, hiddenWidth, latentChannels, scale, onlySize ? 1 : scale << (levels - 1), size, onlySize);
    }

    @Override
    public OnDevice on(ComputeDevice device, Precision precision, OneStep recipe, int tokens, GraphCache cache) {
        String own = precisionName();
        if (precision != Precision.AUTO && !precision.name().equals(own)) {
            throw new IllegalArgumentException(
                    "precision %s was asked for, but the ONNX files in %s compute in %s, as they were exported; leave precision at AUTO"
                            .formatted(precision, path, own));
        }
        return new OnnxFolderOnDevice(this, device, recipe, tokens, cache.fingerprints());
    }

    String precisionName() {
        return switch (pipeline.precision()) {
            case F16 -> Precision.FP16.name();
            case BF16 -> "BF16";
            case I8, U8 -> "INT8";
            default -> Precision.FP32.name();
        };
    }
}
