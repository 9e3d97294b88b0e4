package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requireDuration;
import static dev.swiftbrush.Checks.requirePresent;

import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.ModelSource;
import dev.swiftbrush.spi.RecipeSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * An opened model that turns prompts into images, each in one network call. Thread-safe.
 *
 * {@snippet file="dev/swiftbrush/SwiftBrushExamples.java" region="one-image"}
 *
 * <p>Opening takes seconds and gigabytes: open a model once, share it, and close it at the end. How many requests run
 * and wait at once is bounded by {@link PoolOptions}, over all callers and over synchronous and asynchronous calls
 * together. After {@link #close()} every method throws {@link IllegalStateException}.
 */
public final class SwiftBrush implements AutoCloseable {

    private static final Duration LONGEST_PATIENCE = Duration.ofDays(365);

    private final Engine engine;
    private final boolean promptInPng;
    private final int atOnce;
    private final AsyncGenerations async;
    private final Gate gate = new Gate();

    private SwiftBrush(Engine engine, EngineConfig config, boolean promptInPng) {
        PoolOptions pool = config.pool();
        long sessions = (long) config.devices().size() * pool.maxConcurrent();
        long running = sessions * pool.maxBatch();
        this.engine = engine;
        this.promptInPng = promptInPng;
        // requests are joined while they wait: as many as would not find a place there are too many
        this.atOnce = clamp(Math.min(running, sessions + pool.maxQueue()));
        this.async = new AsyncGenerations(clamp(running + pool.maxQueue()), engine::refuse);
    }

    private static int clamp(long number) {
        return (int) Math.min(number, Integer.MAX_VALUE);
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
     * @see #generate(GenerationRequest)
     */
    public GeneratedImage generate(String prompt) {
        return generate(GenerationRequest.of(prompt));
    }

    /**
     * Makes an image.
     *
     * <p>A thread that is interrupted meanwhile gets a {@link GenerationCancelledException} at once, whether its request
     * waits or runs, and the request's place is free again.
     *
     * @throws IllegalArgumentException if the model cannot serve the request, for example for its size
     * @throws PoolException if the request left the pool without an image: refused, out of time or cancelled
     * @throws GenerationException if the model failed
     * @throws DeviceException if the device has not enough memory
     * @throws IllegalStateException after {@link #close()}, or if it ends the request
     */
    public GeneratedImage generate(GenerationRequest request) {
        gate.enter();
        try {
            check(request);
            return draw(request);
        } finally {
            gate.leave();
        }
    }

    /**
     * Makes images and returns them in the order of their requests.
     *
     * <p>As {@link #generateAll(List, ObjIntConsumer)}, with all images held in memory until the last is there; a
     * failure loses them.
     */
    public List<GeneratedImage> generateAll(List<GenerationRequest> requests) {
        List<GenerationRequest> all = copy(requests);
        GeneratedImage[] images = new GeneratedImage[all.size()];
        generateAll(all, (image, index) -> images[index] = image);
        return List.of(images);
    }

    /**
     * Makes images and hands each over as soon as it is there.
     *
     * <p>Every request is checked before the first runs. As many are then in the pool at a time as it runs at once, on
     * all devices and joined up to {@link PoolOptions#maxBatch()}; a request's timeout counts from when it gets there.
     * {@code onImage} is called on the caller's thread, in the order in which the images become ready, while the next
     * ones are being made.
     *
     * <p>The first failure ends the call and is thrown as it is, no matter which request it belongs to; so does what
     * {@code onImage} throws, and an interrupt of the caller's thread. Requests that are in the pool by then are
     * cancelled, and the others are never made.
     *
     * @param onImage is given an image and the index of its request in {@code requests}
     * @throws IllegalArgumentException if the model cannot serve one of the requests; none has run
     * @throws PoolException if a request left the pool without an image: refused, out of time or cancelled
     * @throws GenerationException if the model failed
     * @throws DeviceException if the device has not enough memory
     * @throws IllegalStateException after {@link #close()}, or if it ends a request
     */
    public void generateAll(List<GenerationRequest> requests, ObjIntConsumer<GeneratedImage> onImage) {
        List<GenerationRequest> all = copy(requests);
        requirePresent(onImage, "onImage");
        long start = System.nanoTime();
        gate.enter();
        try {
            all.forEach(this::check);
            new Delivery(all, request -> async.start(() -> draw(request), () -> {})).run(atOnce, onImage);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Stats pool = engine.stats();
            Duration waited = Duration.ofNanos(System.nanoTime() - start);
            throw new GenerationCancelledException(pool.sessions(), pool.busy(), pool.waiting(), waited);
        } finally {
            gate.leave();
        }
    }

    private static List<GenerationRequest> copy(List<GenerationRequest> requests) {
        return new ArrayList<>(requirePresent(requests, "requests")); // the caller's may change
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
     * <p>Cancelling the future, or completing it in another way such as {@code orTimeout}, stops the request at once,
     * whether it waits or runs, and its place is free again. Cancelling a stage derived from the future does not reach
     * it. When this object is closed, a future that is not complete by then completes with an exception.
     *
     * <p>The thread is a daemon named {@code swiftbrush-async-N}. There are never more at work than the pool runs and
     * lets wait; the future of one more request fails with a {@link QueueFullException}. Stages added without an
     * executor run on these threads too: give long ones an executor of their own.
     *
     * @return the image; or, as the cause of the future's failure, what {@link #generate(GenerationRequest)} would
     *     throw
     * @throws IllegalArgumentException if the model cannot serve the request; thrown by this call, not by the future
     * @throws IllegalStateException after {@link #close()}; thrown by this call, not by the future
     */
    public CompletableFuture<GeneratedImage> generateAsync(GenerationRequest request) {
        gate.requireInUse();
        check(request);
        gate.enter();
        return async.start(() -> draw(request), gate::leave);
    }

    /**
     * Returns what the model is and where it runs.
     *
     * @throws IllegalStateException after {@link #close()}
     */
    public ModelInfo model() {
        gate.requireInUse();
        return engine.model();
    }

    /**
     * Returns what the model does now and what it has done since it was opened.
     *
     * @throws IllegalStateException after {@link #close()}
     */
    public Stats stats() {
        gate.requireInUse();
        return engine.stats();
    }

    /**
     * Ends every request at once, whether it waits or runs, closes the model and frees what it holds.
     *
     * <p>As {@link #close(Duration)} without patience.
     */
    @Override
    public void close() {
        close(Duration.ZERO);
    }

    /**
     * Refuses new requests, lets those that are there finish, closes the model and frees what it holds.
     *
     * <p>What is not finished when the patience is over ends with an {@link IllegalStateException}, and no future is
     * left incomplete. {@link #stats} and {@link #model} answer until then. May be called from any thread, and again:
     * only the first call closes, and others return when it is done. One with less patience, or an interrupt of a thread
     * that waits here, ends the patience of all.
     *
     * @param patience how long requests may take to finish, at most 365 days; zero ends them at once
     * @throws IllegalArgumentException if the patience is absent, negative or over 365 days
     */
    public void close(Duration patience) {
        requireDuration("patience", patience);
        requireArgument(
                patience.compareTo(LONGEST_PATIENCE) <= 0, "patience must be at most 365 days, but was %s", patience);
        gate.close(patience, this::free);
    }

    private void free(Duration patience) {
        async.stop();
        try {
            engine.close(patience); // nothing is there any more, or no patience is left
        } finally {
            async.abandon(Gate.closed());
        }
    }

    private void check(GenerationRequest request) {
        engine.check(requirePresent(request, "request"));
    }

    private GeneratedImage draw(GenerationRequest request) {
        GeneratedImage image = engine.generate(request.seeded());
        return promptInPng ? image : image.withoutPromptInPng();
    }

    /** Collects what a model is opened with. Use from one thread. */
    public static final class Builder {

        private @Nullable ModelSource model;
        private @Nullable RecipeSource recipe;
        private @Nullable Path decoder;
        private List<Device> devices = List.of(Device.auto());
        private Precision precision = Precision.AUTO;
        private CalibrationOptions calibration = CalibrationOptions.defaults();
        private PoolOptions pool = PoolOptions.defaults();
        private NoiseGenerator noise = NoiseGenerator.TORCH_CPU;
        private @Nullable Path cacheDirectory;
        private boolean promptInPng = true;
        private boolean prepareWeights = true;
        private boolean lowMemory;
        private boolean warmUp = true;
        private long promptCacheBytes = 64L << 20;
        private @Nullable Long memoryLimitBytes;
        private final List<GenerationListener> listeners = new ArrayList<>();
        private final List<DownloadListener> downloadListeners = new ArrayList<>();
        private Set<String> licences = Set.of();
        private @Nullable String pin;

        private Builder() {}

        /**
         * Takes the model from a diffusers folder, a folder of ONNX files as Optimum exports them, an original single {@code
         * .safetensors} file, or a model file (a {@code .zip} or {@code .jar} that {@code swiftbrush-train} wrote); without
         * either call the model file on the class path is taken. The later of the two {@code model} calls counts.
         */
        public Builder model(Path folderOrFile) {
            model = new ModelSource.Folder(requirePresent(folderOrFile, "model folder"));
            return this;
        }

        /**
         * Takes the model from a hub; the later of the two {@code model} calls counts.
         *
         * <p>What of it is not in the hub's cache on this machine is downloaded by {@link #build}; a model that is there
         * opens without the network.
         *
         * @param hubId {@code owner/name} or {@code owner/name@revision}
         * @throws IllegalArgumentException if {@code hubId} is of another form
         */
        public Builder model(String hubId) {
            model = ModelSource.Hub.parse(requirePresent(hubId, "hub id"));
            return this;
        }

        /**
         * Sets where the model runs; {@link Device#auto()} by default. On several devices the model is opened on each,
         * and a request goes to the one that has least to do.
         *
         * @throws IllegalArgumentException if a device is there twice, the CPU with two numbers of threads included, or
         *     {@code auto()} is not alone
         */
        public Builder device(Device first, Device... more) {
            List<Device> all = new ArrayList<>();
            all.add(requirePresent(first, "device"));
            for (Device device : requirePresent(more, "device")) {
                all.add(requirePresent(device, "device"));
            }
            requireArgument(
                    all.size() == 1 || !all.contains(Device.auto()),
                    "auto() must be the only device, but the devices were %s; name each that is to be used",
                    all);
            long different = all.stream()
                    .map(device -> device instanceof Device.Cpu ? Device.cpu() : device)
                    .distinct()
                    .count();
            requireArgument(different == all.size(), "Each device must be there once, but the devices were %s", all);
            devices = List.copyOf(all);
            return this;
        }

        /** Sets the number format that the model computes in; {@link Precision#AUTO} by default. */
        public Builder precision(Precision precision) {
            this.precision = requirePresent(precision, "precision");
            return this;
        }

        /**
         * Sets how the model is calibrated the first time, if the precision is {@link Precision#INT8}; {@link
         * CalibrationOptions#defaults()} by default.
         */
        public Builder calibration(CalibrationOptions calibration) {
            this.calibration = requirePresent(calibration, "calibration");
            return this;
        }

        /** Sets how many requests run and wait at once, and how many are joined; {@link PoolOptions#defaults()} by default. */
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

        /**
         * Sets another decoder for the model's latents, such as a tiny one, which computes far less for a less exact
         * picture; the model's own by default. It belongs to the model's fingerprint, but the licence is the model's alone.
         *
         * @param folder with {@code config.json} and {@code diffusion_pytorch_model.safetensors} of an {@code
         *     AutoencoderTiny} or {@code AutoencoderKL} of diffusers, made for latents of this model's kind
         */
        public Builder decoder(Path folder) {
            decoder = requirePresent(folder, "decoder folder");
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
         * Sets whether the weights of a large model are kept in the cache as a CPU computes with them, so that it opens in
         * seconds the next time; true by default. That takes about the model's size in single precision, and is left out
         * where the disk has less than four times that size free.
         */
        public Builder prepareWeights(boolean prepareWeights) {
            this.prepareWeights = prepareWeights;
            return this;
        }

        /**
         * Sets whether a CPU gets by with little memory, at the cost of time; false by default. Weights then stay in half
         * precision, in which a copy of those in single is kept in the cache, and are widened whenever they are used; and the
         * text encoder is opened for each new prompt. Has no effect on a GPU.
         */
        public Builder lowMemory(boolean lowMemory) {
            this.lowMemory = lowMemory;
            return this;
        }

        /**
         * Sets whether {@link #build} draws one image and discards it, so that the first request is as fast as the
         * others; true by default. A model without a default size is not warmed up.
         */
        public Builder warmUp(boolean warmUp) {
            this.warmUp = warmUp;
            return this;
        }

        /**
         * Sets how many bytes of encoded prompts are kept for requests with the same prompt; 64 MiB by default, 0 keeps
         * none. The text encoder of Stable Diffusion 1.5 takes 236,544 bytes for a prompt.
         *
         * @throws IllegalArgumentException if {@code bytes} is negative
         */
        public Builder promptCacheBytes(long bytes) {
            requireArgument(bytes >= 0, "promptCacheBytes must not be negative, but was %d", bytes);
            promptCacheBytes = bytes;
            return this;
        }

        /**
         * Sets how much memory the model may need; what is free on the machine by default. {@link #build} estimates the
         * need before it loads anything.
         *
         * @throws IllegalArgumentException if {@code bytes} is not positive
         */
        public Builder memoryLimitBytes(long bytes) {
            requireArgument(bytes >= 1, "memoryLimitBytes must be positive, but was %d", bytes);
            memoryLimitBytes = bytes;
            return this;
        }

        /** Adds someone who is told what happens to requests; each call adds one. */
        public Builder listener(GenerationListener listener) {
            listeners.add(requirePresent(listener, "listener"));
            return this;
        }

        /** Adds someone who is told how far the download of a model from a hub is; each call adds one. */
        public Builder downloadListener(DownloadListener listener) {
            downloadListeners.add(requirePresent(listener, "download listener"));
            return this;
        }

        /**
         * Accepts only a model that states one of these licences, by identifier ({@code apache-2.0}) or by the name that
         * the model gives; any by default. A model from a hub is refused before its weights are downloaded. The later
         * call counts.
         *
         * @throws IllegalArgumentException if a licence is absent or blank
         */
        public Builder requireLicence(String first, String... more) {
            Set<String> all = new LinkedHashSet<>();
            all.add(requirePresent(first, "licence"));
            for (String licence : requirePresent(more, "licence")) {
                all.add(requirePresent(licence, "licence"));
            }
            requireArgument(all.stream().noneMatch(String::isBlank), "licence must not be blank");
            licences = all;
            return this;
        }

        /**
         * Accepts only the model with this fingerprint; any by default.
         *
         * @param fingerprint {@link Fingerprint#sha256()} of {@link ModelInfo#fingerprint()}, as an image's PNG has it too
         * @throws IllegalArgumentException if it is not a SHA-256 in lower-case hex
         */
        public Builder pin(String fingerprint) {
            requireArgument(
                    Fingerprint.isSha256(requirePresent(fingerprint, "fingerprint")),
                    "fingerprint must be a SHA-256 in lower-case hex, but was %s",
                    fingerprint);
            pin = fingerprint;
            return this;
        }

        /**
         * Opens the model; each call opens it anew, and the caller closes it.
         *
         * @throws IllegalStateException if no model was given, and there is not exactly one model file on the class path
         * @throws IllegalArgumentException if the device does not compute in the precision that was asked for
         * @throws ModelException if the model cannot be used, or has another licence or fingerprint than it must
         * @throws DownloadException if the model cannot be got from its hub
         * @throws DeviceException if the device cannot be had, or the model needs more memory than it may
         * @throws SwiftBrushException if there is not exactly one engine on the class path, or it cannot be loaded
         */
        public SwiftBrush build() {
            EngineConfig config = new EngineConfig(
                    model == null ? DefaultModel.find() : model,
                    recipe,
                    decoder,
                    devices,
                    precision,
                    calibration,
                    pool,
                    noise,
                    cacheDirectory,
                    prepareWeights,
                    lowMemory,
                    warmUp,
                    promptCacheBytes,
                    memoryLimitBytes,
                    listeners,
                    downloadListeners,
                    licences,
                    pin);
            return new SwiftBrush(Engines.open(config), config, promptInPng);
        }
    }
}
