package dev.swiftbrush.runtime.engine;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toCollection;

import dev.swiftbrush.Fingerprint;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.ModelInfo;
import dev.swiftbrush.Precision;
import dev.swiftbrush.Provenance;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.Stats;
import dev.swiftbrush.runtime.hub.HubSettings;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.ClipTextConfig;
import dev.swiftbrush.runtime.network.NamedContent;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.network.UNetConfig;
import dev.swiftbrush.runtime.pipeline.Closing;
import dev.swiftbrush.runtime.pipeline.Lane;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.pipeline.Serving;
import dev.swiftbrush.runtime.pipeline.TextToImage;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.JsonTokenizer;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A checkpoint at work on ONNX Runtime. Thread-safe. */
final class OnnxEngine implements Engine {
    private static final Logger log = LoggerFactory.getLogger(OnnxEngine.class);
    private static final int MAX_TOKENIZER_BYTES = 64 << 20;

    private final ModelInfo model;
    private final ModelShape shape;
    private final MemoryBudget memory;
    private final String noise;
    private final TextToImage pipeline;

    private OnnxEngine(ModelInfo model, ModelShape shape, MemoryBudget memory, String noise, TextToImage pipeline) {
        this.model = model;
        this.shape = shape;
        this.memory = memory;
        this.noise = noise;
        this.pipeline = pipeline;
    }

    /** Opens the checkpoint, got from {@code hub} if need be; writes its graphs unless the cache has them. */
    static OnnxEngine open(EngineConfig config, Supplier<HubSettings> hub) {
        List<ComputeDevice> devices = config.devices().stream()
                .map(device -> ComputeDevice.of(device, config.lowMemory()))
                .toList();
        Set<DType> computes = devices.stream()
                .map(device -> DeviceModel.computeType(config.precision(), device))
                .collect(toCollection(() -> EnumSet.noneOf(DType.class)));
        GraphCache cache = new GraphCache(config.cacheDirectory(), config.prepareWeights());
        ModelFolder source = ModelFolder.of(config, computes.equals(EnumSet.of(DType.F16)), cache, hub);
        Path path = source.path();
        long start = System.nanoTime();
        ModelLayout layout = source.layout();
        Licence licence = source.licence(layout.licence(), config.licences());
        Recipe recipe = Recipes.of(path, config.recipe(), source.hubId());
        OneStep oneStep = layout.resolve(recipe);
        LoadedModel loaded = load(path, layout, computes, config.decoder());
        loaded.requireFits(recipe);
        Fingerprint fingerprint = ModelFingerprint.of(loaded.hashes(cache.fingerprints()), oneStep);
        ModelFingerprint.requirePinned(source.name(), fingerprint, config.pin());

        PromptTokenizer tokenizer = loaded.openTokenizer();
        List<Lane> lanes = new ArrayList<>();
        try {
            ModelShape shape = loaded.shape(tokenizer.maxLength());
            List<OnDevice> models = devices.stream()
                    .map(device -> loaded.on(device, config.precision(), oneStep, shape.tokens(), cache))
                    .toList();
            MemoryBudget memory = memory(config, models);
            memory.require(shape.ownSize());
            if (config.precision() == Precision.INT8) {
                CalibrationInputs inputs = new CalibrationInputs(tokenizer, shape, config.calibration());
                models = models.stream().map(model -> model.quantized(inputs)).toList();
                memory = memory(config, models);
            }
            for (OnDevice model : models) {
                lanes.add(new Lane(model.device().toString(), model::open));
            }
            Serving serving = new Serving(
                    config.pool(), config.noise(), config.warmUp(), config.promptCacheBytes(), config.listeners());
            ModelInfo info = info(source.name(), recipe, models, shape, licence, fingerprint);
            TextToImage pipeline = new TextToImage(shape, tokenizer, lanes, serving);
            log.info(
                    "Loaded {} ({}, {}) on {} in {} ms",
                    info.name(),
                    info.recipe(),
                    info.precision(),
                    info.device(),
                    Duration.ofNanos(System.nanoTime() - start).toMillis());
            return new OnnxEngine(info, shape, memory, config.noise().name(), pipeline);
        } catch (RuntimeException | Error e) {
            Closing.after(e, lanes.toArray(AutoCloseable[]::new));
            Closing.after(e, tokenizer);
            throw e;
        }
    }

    private static LoadedModel load(Path path, ModelLayout layout, Set<DType> computes, @Nullable Path decoder) {
        if (!OnnxFolder.isAt(path)) {
            return CheckpointModel.load(path, layout, computes, decoder);
        }
        if (decoder != null) {
            throw new ModelException(
                    "%s is a folder of ONNX files, whose decoder cannot be replaced; leave decoder(Path) out, or open a checkpoint with safetensors weights"
                            .formatted(path));
        }
        return OnnxFolder.load(path);
    }

    /** Of this machine's memory; a GPU's own is not asked for, since ONNX Runtime does not tell. */
    private static MemoryBudget memory(EngineConfig config, List<OnDevice> models) {
        int batch = config.pool().maxBatch();
        int calls = config.pool().maxConcurrent();
        List<OnDevice> here = models.stream()
                .filter(model -> model.device() instanceof ComputeDevice.Cpu)
                .toList();
        return new MemoryBudget(
                config.memoryLimitBytes(),
                here.stream().mapToLong(OnDevice::weightBytes).sum(),
                size -> here.stream()
                        .mapToLong(model -> Math.multiplyExact(calls, model.workingBytes(size, batch)))
                        .reduce(0, Math::addExact));
    }

    private static ModelInfo info(
            String name,
            Recipe recipe,
            List<OnDevice> models,
            ModelShape shape,
            Licence licence,
            Fingerprint fingerprint) {
        return new ModelInfo(
                name,
                recipe.name(),
                models.stream().map(model -> model.device().toString()).collect(joining(", ")),
                models.stream().map(OnDevice::precision).distinct().collect(joining(", ")),
                shape.defaultSize(),
                shape.sizeMultiple(),
                shape.tokens(),
                licence,
                fingerprint);
    }

    @Override
    public ModelInfo model() {
        return model;
    }

    @Override
    public void check(GenerationRequest request) {
        PromptTokenizer.requireUnicode(request.prompt());
        memory.require(shape.size(request.size()));
    }

    @Override
    public GeneratedImage generate(GenerationRequest request) {
        ImageSize size = shape.size(request.size());
        long seed = Objects.requireNonNull(request.seed(), "the request has no seed");
        TextToImage.Drawn drawn = pipeline.draw(request.prompt(), seed, size, request.timeout());
        log.debug("Made an image of {} in {}", size, drawn.timings());
        Provenance provenance = new Provenance(
                request.prompt(),
                seed,
                model.name(),
                model.recipe(),
                noise,
                model.licence().toString(),
                model.fingerprint().sha256());
        return GeneratedImage.of(size, drawn.rgb(), provenance, drawn.timings(), drawn.truncation());
    }

    @Override
    public QueueFullException refuse() {
        return pipeline.refuse();
    }

    @Override
    public Stats stats() {
        return pipeline.stats();
    }

    @Override
    public void close(Duration patience) {
        pipeline.close(patience);
    }

    static void requireGuidanceFits(Path path, Checkpoint checkpoint, Recipe recipe) {
        if (recipe.guidance() != null && checkpoint.unet().config().timeCondProjDim() == null) {
            throw new ModelException(
                    "Recipe %s embeds a guidance scale of %s, but the UNet in %s has no time_cond_proj_dim to take it; it was trained for another recipe"
                            .formatted(recipe.name(), recipe.guidance(), path));
        }
    }

    static PromptTokenizer openTokenizer(Path path, ModelLayout layout, Checkpoint checkpoint) {
        if (checkpoint.textEncoder() instanceof TextNetwork.Onnx foreign) {
            NamedContent tokenizer = foreign.config().tokenizer();
            byte[] json = Contents.read(tokenizer, MAX_TOKENIZER_BYTES);
            return JsonTokenizer.open(tokenizer.toString(), json, foreign.tokens());
        }
        ClipTextConfig encoder = checkpoint.clip().model().config();
        if (encoder.positions() < 3) {
            throw new ModelException(
                    "%s: the text encoder reads %d tokens, but a start token, an end token and a word between are 3"
                            .formatted(path, encoder.positions()));
        }
        ClipTokenizer tokenizer = layout.tokenizer(encoder.positions());
        if (tokenizer.vocabularySize() > encoder.vocabulary()) {
            tokenizer.close();
            throw new ModelException("%s: the tokenizer gives ids up to %d, but the text encoder has %d embeddings"
                    .formatted(path, tokenizer.vocabularySize() - 1, encoder.vocabulary()));
        }
        return tokenizer;
    }

    static ModelShape shape(Path path, Checkpoint checkpoint, int tokens) {
        UNetConfig unet = checkpoint.unet().config();
        int scale = checkpoint.decoder().scale();
        return new ModelShape(
                tokens,
                checkpoint.textEncoder().width(),
                unet.inChannels(),
                scale,
                scale << (unet.levels().size() - 1),
                defaultSize(path, unet.sampleSize(), scale));
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
}
