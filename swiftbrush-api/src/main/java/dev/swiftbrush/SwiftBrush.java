package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.ModelSource;
import dev.swiftbrush.spi.RecipeSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * An opened model that turns prompts into images, each in one network call. Thread-safe.
 *
 * {@snippet file="dev/swiftbrush/SwiftBrushExamples.java" region="one-image"}
 *
 * <p>Opening takes seconds and gigabytes: open a model once, share it, and close it at the end. How many requests run
 * and wait at once is bounded by {@link PoolOptions}, over all callers and over synchronous and asynchronous calls
 * together. After {@link #close} every method throws {@link IllegalStateException}.
 */
public final class SwiftBrush implements AutoCloseable {

    private static final String CLOSED = "SwiftBrush is closed; build a new one";

    private final Engine engine;
    private final boolean promptInPng;
    private final AsyncGenerations async = new AsyncGenerations();
    private final AtomicBoolean closed = new AtomicBoolean();

    private SwiftBrush(Engine engine, boolean promptInPng) {
        this.engine = engine;
        this.promptInPng = promptInPng;
    }

    /** Returns the version of this SDK, as Maven names it. */
    public static String version() {
        return SdkVersion.current();
    }

    /** Returns a builder with every default set and no model. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Makes an image of the model's own size from a random seed.
     *
     * @throws IllegalArgumentException if the prompt is absent or longer than 100,000 characters
     * @throws PoolException if the request left the pool before it ran
     * @throws GenerationException if the model failed
     * @throws IllegalStateException after {@link #close}
     */
    public GeneratedImage generate(String prompt) {
        return generate(GenerationRequest.of(prompt));
    }

    /**
     * Makes an image.
     *
     * <p>A thread that is interrupted while the request waits gets a {@link GenerationCancelledException}.
     *
     * @throws IllegalArgumentException if the model cannot serve the request, for example for its size
     * @throws PoolException if the request left the pool before it ran
     * @throws GenerationException if the model failed
     * @throws IllegalStateException after {@link #close}
     */
    public GeneratedImage generate(GenerationRequest request) {
        requireOpen();
        check(request);
        return run(request);
    }

    /**
     * Makes images one after the other and returns them in the order of their requests.
     *
     * <p>Every request is checked before the first runs. All images are held in memory until the last is there; the
     * first failure ends the call and loses them.
     *
     * @throws IllegalArgumentException if the model cannot serve one of the requests; none has run
     * @throws PoolException if a request left the pool before it ran
     * @throws GenerationException if the model failed
     * @throws IllegalStateException after {@link #close}
     */
    public List<GeneratedImage> generateAll(List<GenerationRequest> requests) {
        requireOpen();
        List<GenerationRequest> all = new ArrayList<>(requirePresent(requests, "requests")); // the caller's may change
        all.forEach(this::check);
        return all.stream().map(this::run).toList();
    }

    /**
     * Makes an image of the model's own size from a random seed, on another thread.
     *
     * @see #generateAsync(GenerationRequest)
     */
    public CompletableFuture<GeneratedImage> generateAsync(String prompt) {
        return generateAsync(GenerationRequest.of(prompt));
    }

    /**
     * Makes an image on another thread.
     *
     * <p>Cancelling the future, or completing it in another way such as {@code orTimeout}, stops a request that still
     * waits for its turn at once; one that runs already finishes, and its image is discarded. Cancelling a stage
     * derived from the future does not reach it. When this object is closed, a future that is not complete by then
     * completes with an exception.
     *
     * <p>The thread is a daemon named {@code swiftbrush-async-N}, and stages added without an executor run on it.
     *
     * @return the image; or, as the cause of the future's failure, what {@link #generate(GenerationRequest)} would
     *     throw
     * @throws IllegalArgumentException if the model cannot serve the request; thrown by this call, not by the future
     * @throws IllegalStateException after {@link #close}; thrown by this call, not by the future
     */
    public CompletableFuture<GeneratedImage> generateAsync(GenerationRequest request) {
        requireOpen();
        check(request);
        try {
            return async.start(() -> {
                requireOpen();
                return run(request);
            });
        } catch (RejectedExecutionException e) {
            throw closed();
        }
    }

    /**
     * Returns what the model is and where it runs.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public ModelInfo model() {
        requireOpen();
        return engine.model();
    }

    /**
     * Closes the model and frees what it holds; closing again does nothing.
     *
     * <p>Requests that wait are ended, and every future that is not complete by the end completes with an exception.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            async.stop();
        } finally {
            try {
                engine.close();
            } finally {
                async.abandon(closed());
            }
        }
    }

    private void requireOpen() {
        if (closed.get()) {
            throw closed();
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException(CLOSED);
    }

    private void check(GenerationRequest request) {
        engine.check(requirePresent(request, "request"));
    }

    private GeneratedImage run(GenerationRequest request) {
        GeneratedImage image = engine.generate(request.seeded());
        return promptInPng ? image : image.withoutPromptInPng();
    }

    /** Collects what a model is opened with. Use from one thread. */
    public static final class Builder {

        private @Nullable ModelSource model;
        private @Nullable RecipeSource recipe;
        private Device device = Device.auto();
        private Precision precision = Precision.AUTO;
        private PoolOptions pool = PoolOptions.defaults();
        private NoiseGenerator noise = NoiseGenerator.TORCH_CPU;
        private @Nullable Path cacheDirectory;
        private boolean promptInPng = true;

        private Builder() {}

        /** Takes the model from a diffusers folder; the later of the two {@code model} calls counts. */
        public Builder model(Path folder) {
            model = new ModelSource.Folder(requirePresent(folder, "model folder"));
            return this;
        }

        /**
         * Takes the model from a hub; the later of the two {@code model} calls counts.
         *
         * @param hubId {@code owner/name} or {@code owner/name@revision}
         * @throws IllegalArgumentException if {@code hubId} is of another form
         */
        public Builder model(String hubId) {
            model = ModelSource.Hub.parse(requirePresent(hubId, "hub id"));
            return this;
        }

        /** Sets where the model runs; {@link Device#auto()} by default. */
        public Builder device(Device device) {
            this.device = requirePresent(device, "device");
            return this;
        }

        /** Sets the number format that the model computes in; {@link Precision#AUTO} by default. */
        public Builder precision(Precision precision) {
            this.precision = requirePresent(precision, "precision");
            return this;
        }

        /** Sets how many requests run and wait at once; {@link PoolOptions#defaults()} by default. */
        public Builder pool(PoolOptions pool) {
            this.pool = requirePresent(pool, "pool");
            return this;
        }

        /**
         * Sets by its name how one network call becomes an image; found out from the model by default. The later of the
         * two {@code recipe} calls counts.
         */
        public Builder recipe(String presetName) {
            requirePresent(presetName, "recipe");
            requireArgument(!presetName.isBlank(), "recipe must not be blank");
            recipe = new RecipeSource.Preset(presetName);
            return this;
        }

        /**
         * Sets by a JSON file how one network call becomes an image; found out from the model by default. The later of
         * the two {@code recipe} calls counts.
         */
        public Builder recipe(Path jsonFile) {
            recipe = new RecipeSource.File(requirePresent(jsonFile, "recipe file"));
            return this;
        }

        /** Sets how a seed becomes noise; {@link NoiseGenerator#TORCH_CPU} by default. */
        public Builder noise(NoiseGenerator noise) {
            this.noise = requirePresent(noise, "noise");
            return this;
        }

        /** Sets whether PNGs tell their prompt; true by default. */
        public Builder promptInPng(boolean promptInPng) {
            this.promptInPng = promptInPng;
            return this;
        }

        /** Sets where the engine keeps what it derived from the model; the engine's own place by default. */
        public Builder cacheDirectory(Path cacheDirectory) {
            this.cacheDirectory = requirePresent(cacheDirectory, "cache directory");
            return this;
        }

        /**
         * Opens the model; each call opens it anew, and the caller closes it.
         *
         * @throws IllegalStateException if no model was given
         * @throws IllegalArgumentException if the device does not compute in the precision that was asked for
         * @throws ModelException if the model cannot be used
         * @throws DeviceException if the device cannot be had
         * @throws SwiftBrushException if there is not exactly one engine on the class path, or it cannot be loaded
         */
        public SwiftBrush build() {
            if (model == null) {
                throw new IllegalStateException(
                        "No model given; call model(Path) with a diffusers folder or model(String) with a hub id");
            }
            EngineConfig config = new EngineConfig(model, recipe, device, precision, pool, noise, cacheDirectory);
            return new SwiftBrush(Engines.find().open(config), promptInPng);
        }
    }
}
