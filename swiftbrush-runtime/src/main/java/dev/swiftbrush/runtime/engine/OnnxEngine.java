package dev.swiftbrush.runtime.engine;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.ModelInfo;
import dev.swiftbrush.Precision;
import dev.swiftbrush.Provenance;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.ClipTextConfig;
import dev.swiftbrush.runtime.network.UNetConfig;
import dev.swiftbrush.runtime.pipeline.Closing;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.pipeline.TextToImage;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.SessionPool;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A checkpoint at work on ONNX Runtime. Thread-safe. */
final class OnnxEngine implements Engine {
    private static final Logger log = LoggerFactory.getLogger(OnnxEngine.class);
    private static final String TEXT_ENCODER = "text_encoder.onnx";
    private static final String GENERATOR = "generator.onnx";

    private final ModelInfo model;
    private final ModelShape shape;
    private final String noise;
    private final TextToImage pipeline;

    private OnnxEngine(ModelInfo model, ModelShape shape, String noise, TextToImage pipeline) {
        this.model = model;
        this.shape = shape;
        this.noise = noise;
        this.pipeline = pipeline;
    }

    /** Opens the checkpoint in {@code folder}; writes its graphs unless the cache has them. */
    static OnnxEngine open(Path folder, EngineConfig config) {
        long start = System.nanoTime();
        ComputeDevice device = ComputeDevice.of(config.device());
        DType compute = computeType(config.precision(), device);
        Checkpoint checkpoint = Checkpoint.open(folder, compute == DType.F16);
        Recipe recipe = Recipes.of(folder, config.recipe());
        OneStep oneStep = recipe.resolve(folder.resolve("scheduler/scheduler_config.json"));
        requireGuidanceFits(checkpoint, recipe);

        PromptTokenizer tokenizer = null;
        GraphSession generator = null;
        GraphSession textEncoder = null;
        ModelShape shape;
        try {
            tokenizer = openTokenizer(checkpoint);
            int tokens = tokenizer.maxLength();
            shape = shape(checkpoint, tokens);
            GraphExport export = new GraphExport(checkpoint, compute);
            Map<String, ModelProto> graphs = new GraphCache(config.cacheDirectory())
                    .graphs(
                            CacheKey.of(checkpoint, oneStep, compute, device, tokens),
                            Map.of(
                                    TEXT_ENCODER, () -> export.textEncoder(tokens),
                                    GENERATOR, () -> export.generator(oneStep)));
            // the larger first: what it needs while it opens is free again when the other opens
            generator = open("generator", graphs.get(GENERATOR), folder, device);
            textEncoder = open("text encoder", graphs.get(TEXT_ENCODER), folder, device);
        } catch (RuntimeException | Error e) {
            closeAfter(e, textEncoder, generator, tokenizer);
            throw e;
        }
        TextToImage pipeline = new TextToImage(
                shape, tokenizer, textEncoder, generator, new SessionPool(config.pool()), config.noise());
        ModelInfo model = new ModelInfo(
                name(folder),
                recipe.name(),
                device.toString(),
                compute == DType.F16 ? Precision.FP16.name() : Precision.FP32.name(),
                shape.defaultSize(),
                shape.sizeMultiple(),
                shape.tokens());
        log.info(
                "Loaded {} ({}, {}) on {} in {} ms",
                model.name(),
                model.recipe(),
                model.precision(),
                device,
                Duration.ofNanos(System.nanoTime() - start).toMillis());
        return new OnnxEngine(model, shape, config.noise().name(), pipeline);
    }

    @Override
    public ModelInfo model() {
        return model;
    }

    @Override
    public void check(GenerationRequest request) {
        PromptTokenizer.requireUnicode(request.prompt());
        shape.size(request.size());
    }

    @Override
    public GeneratedImage generate(GenerationRequest request) {
        ImageSize size = shape.size(request.size());
        long seed = Objects.requireNonNull(request.seed(), "the request has no seed");
        TextToImage.Picture picture = pipeline.draw(request.prompt(), seed, size);
        log.debug("Made an image of {}x{} in {}", size.width(), size.height(), picture.timings());
        Provenance provenance = new Provenance(request.prompt(), seed, model.name(), model.recipe(), noise);
        return GeneratedImage.of(size, picture.rgb(), provenance, picture.timings(), picture.truncation());
    }

    @Override
    public void close() {
        pipeline.close();
    }

    private static GraphSession open(String name, @Nullable ModelProto graph, Path folder, ComputeDevice device) {
        LocatedGraph located = LocatedGraph.of(Objects.requireNonNull(graph, name), folder);
        return GraphSession.open(name, located.bytes(), located.root(), device);
    }

    private static DType computeType(Precision precision, ComputeDevice device) {
        if (precision == Precision.FP16 && !device.prefersHalfPrecision()) {
            throw new IllegalArgumentException(
                    "precision FP16 needs a CUDA device, but the device is %s, which computes it more slowly than FP32; leave precision at AUTO"
                            .formatted(device));
        }
        boolean half = precision == Precision.FP16 || (precision == Precision.AUTO && device.prefersHalfPrecision());
        return half ? DType.F16 : DType.F32;
    }

    private static void requireGuidanceFits(Checkpoint checkpoint, Recipe recipe) {
        if (recipe.guidance() != null && checkpoint.unet().config().timeCondProjDim() == null) {
            throw new ModelException(
                    "Recipe %s embeds a guidance scale of %s, but the UNet in %s has no time_cond_proj_dim to take it; it was trained for another recipe"
                            .formatted(recipe.name(), recipe.guidance(), checkpoint.folder()));
        }
    }

    /** Opens the tokenizer, whose ids and prompts the text encoder must be able to read. */
    private static PromptTokenizer openTokenizer(Checkpoint checkpoint) {
        ClipTextConfig encoder = checkpoint.textEncoder().config();
        if (encoder.positions() < 3) {
            throw new ModelException(
                    "%s: the text encoder reads %d tokens, but a start token, an end token and a word between are 3"
                            .formatted(checkpoint.folder(), encoder.positions()));
        }
        PromptTokenizer tokenizer = PromptTokenizer.open(checkpoint.folder().resolve("tokenizer"), encoder.positions());
        if (tokenizer.vocabularySize() > encoder.vocabulary()) {
            tokenizer.close();
            throw new ModelException("%s: the tokenizer gives ids up to %d, but the text encoder has %d embeddings"
                    .formatted(checkpoint.folder(), tokenizer.vocabularySize() - 1, encoder.vocabulary()));
        }
        return tokenizer;
    }

    /** The folder's own name, also when it is given as {@code "."}. */
    private static String name(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        Path last = absolute.getFileName(); // absent if the folder is the root
        return (last == null ? absolute : last).toString();
    }

    private static ModelShape shape(Checkpoint checkpoint, int tokens) {
        UNetConfig unet = checkpoint.unet().config();
        int scale = checkpoint.autoencoder().config().scale();
        return new ModelShape(
                tokens,
                checkpoint.textEncoder().config().channels(),
                unet.inChannels(),
                scale,
                scale << (unet.levels().size() - 1),
                defaultSize(checkpoint.folder(), unet.sampleSize(), scale));
    }

    /** @param sample height and width of the latents */
    private static @Nullable ImageSize defaultSize(Path folder, @Nullable List<Integer> sample, int scale) {
        if (sample == null) {
            return null;
        }
        try {
            return new ImageSize(Math.multiplyExact(sample.get(1), scale), Math.multiplyExact(sample.get(0), scale));
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new ModelException(
                    "%s: sample_size %s in unet/config.json times the autoencoder's scale of %d is no size of an image: %s"
                            .formatted(folder, sample, scale, e.getMessage()),
                    e);
        }
    }

    private static void closeAfter(Throwable failure, @Nullable AutoCloseable... resources) {
        try {
            Closing.all(resources);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }
}
