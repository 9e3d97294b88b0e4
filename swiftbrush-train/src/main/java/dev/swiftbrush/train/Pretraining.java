package dev.swiftbrush.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.EmbeddingOptions;
import dev.swiftbrush.train.data.EmbeddingStore;
import dev.swiftbrush.train.data.PromptEmbeddings;
import dev.swiftbrush.train.data.Prompts;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.export.CheckpointExport;
import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.trainer.AutoencoderTask;
import dev.swiftbrush.train.trainer.Listeners;
import dev.swiftbrush.train.trainer.UNetTask;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Trains the autoencoder or the UNet of a multi-step checkpoint on captioned pictures: a teacher of one's own, from scratch (see
 * {@link dev.swiftbrush.train.export.NewCheckpoint}) or from one that is there. The autoencoder comes first, since a UNet learns
 * its latents; its scaling factor is measured when its training ends.
 *
 * <p>Everything lies in one folder, as it does for {@link Distillation}, and at its end the checkpoint, in {@code checkpoint/}. Use
 * from one thread, in a JVM started with the flags that libtorch for Java needs, see {@link JvmFlags}.
 *
 * @see <a href="https://arxiv.org/abs/2112.10752">High-Resolution Image Synthesis with Latent Diffusion Models</a>
 */
public final class Pretraining {
    private static final int WHITE = 0xFFFFFF;

    private final Network network;
    private final Path checkpoint;
    private final Path images;
    private final Path output;
    private final Builder options;

    /** Which part of a checkpoint is trained. */
    public enum Network {
        AUTOENCODER,
        UNET
    }

    private Pretraining(Builder options) {
        this.network = Objects.requireNonNull(options.network, "network(...) was not called");
        this.checkpoint = Objects.requireNonNull(options.checkpoint, "checkpoint(...) was not called");
        this.images = Objects.requireNonNull(options.images, "images(...) was not called");
        this.output = Objects.requireNonNull(options.output, "output(...) was not called");
        this.options = options;
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Trains to the end, or on to it from where an earlier run stopped.
     *
     * @throws InterruptedException if the thread is interrupted; the run can be resumed from there
     * @throws DivergedException if a number is not finite
     * @throws dev.swiftbrush.ModelException if the checkpoint cannot be used
     * @throws dev.swiftbrush.DeviceException if libtorch or the device is not there, or this JVM
     *     lacks a flag of {@link JvmFlags}
     * @throws StorageException if a file cannot be read or written, or the folder is another run's
     */
    public PretrainingResult run() throws InterruptedException {
        JvmFlags.require();
        Torch.start(options.threads, options.deterministic);
        PretrainingSettings settings = options.settings;
        Checkpoint start = Checkpoint.open(checkpoint, false);
        requireSize(start, settings);
        CaptionedImages data = CaptionedImages.read(images, settings.width(), settings.height(), options.background);
        Path result = switch (network) {
            case AUTOENCODER -> trainAutoencoder(start, data);
            case UNET -> trainUNet(start, data);
        };
        return new PretrainingResult(result, settings.steps());
    }

    private Path trainAutoencoder(Checkpoint start, CaptionedImages data) throws InterruptedException {
        TrainingRun run = new TrainingRun(options);
        AutoencoderTask task = AutoencoderTask.of(
                start, options.settings, run.means(), data, new SeededDraws(options.settings.seed()));
        return run.train(task, told(), identity(start, data), options.settings.steps(), () -> {
            FlatTensor weights = run.exported(task.trainee());
            return export(start, run).writeAutoencoder(weights::read, task.scalingFactor(weights));
        });
    }

    private Path trainUNet(Checkpoint start, CaptionedImages data) throws InterruptedException {
        TrainingRun run = new TrainingRun(options);
        NoiseSchedule schedule = NoiseSchedule.of(JsonFile.read(checkpoint.resolve("scheduler/scheduler_config.json")));
        try (PromptEmbeddings captions = captions(data)) {
            UNetTask task = new UNetTask(
                    start,
                    schedule,
                    options.settings,
                    run.means(),
                    data,
                    captions,
                    new SeededDraws(options.settings.seed()));
            return run.train(task, told(), identity(start, data), options.settings.steps(), () -> {
                FlatTensor weights = run.exported(task.trainee());
                return export(start, run).writeUNet(weights::read);
            });
        }
    }

    private CheckpointExport export(Checkpoint start, TrainingRun run) {
        return new CheckpointExport(start, output.resolve("checkpoint"), run.exportType());
    }

    private PromptEmbeddings captions(CaptionedImages data) {
        Prompts captions = Prompts.of(data.captions());
        Path folder = options.embeddings == null ? output.resolve("embeddings") : options.embeddings;
        Listeners listeners = new Listeners(options.listeners);
        try (TextEncoder encoder = TextEncoder.open(checkpoint, Device.cpu())) {
            EmbeddingStore.encode(
                    folder,
                    captions,
                    encoder,
                    EmbeddingOptions.defaults(),
                    done -> listeners.stage("encoding captions", done, captions.count()));
            return EmbeddingStore.open(folder, captions, encoder.fingerprint());
        }
    }

    private ObjectNode told() {
        ObjectNode told = JsonOutput.object();
        told.put("network", network.name().toLowerCase(Locale.ROOT));
        told.setAll((ObjectNode) JsonOutput.node(options.settings));
        return told;
    }

    /** What must be the same when a run is resumed; its length may change unless the learning rate depends on it. */
    private String identity(Checkpoint start, CaptionedImages data) {
        ObjectNode identity = told();
        if (options.settings.schedule() == LearningRateSchedule.CONSTANT) {
            identity.remove("steps");
        }
        List<Path> files = network == Network.AUTOENCODER
                ? start.vaeWeights().files()
                : Stream.concat(start.unetWeights().files().stream(), start.vaeWeights().files().stream())
                        .toList();
        identity.put("checkpoint", TrainingRun.fingerprint(files));
        identity.put("images", data.sha256());
        return identity.toString();
    }

    static void requireSize(Checkpoint start, PretrainingSettings settings) {
        int multiple = start.autoencoder().config().scale()
                << (start.unet().config().levels().size() - 1);
        Require.that(
                settings.width() % multiple == 0 && settings.height() % multiple == 0,
                "width and height must be multiples of %d for this checkpoint, but were %d and %d",
                multiple,
                settings.width(),
                settings.height());
    }

    /** Collects what a pretraining needs; {@link #build()} checks it. */
    public static final class Builder extends TrainingBuilder<Builder> {
        private @Nullable Network network;
        private @Nullable Path checkpoint;
        private @Nullable Path images;
        private @Nullable Path embeddings;
        private PretrainingSettings settings = PretrainingSettings.builder().build();
        private int background = WHITE;

        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /** What is trained. */
        public Builder network(Network network) {
            this.network = Objects.requireNonNull(network, "network");
            return this;
        }

        /** Where training starts: a checkpoint in diffusers layout with safetensors, whose UNet predicts epsilon or v. */
        public Builder checkpoint(Path folder) {
            this.checkpoint = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /** Pictures with captions: a folder with a {@code metadata.jsonl}, see {@link CaptionedImages}. */
        public Builder images(Path folder) {
            this.images = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /** Where the captions' hidden states are kept, for several runs to share; by default within the run's folder. */
        public Builder embeddings(Path folder) {
            this.embeddings = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /** How to train, in numbers; by default as {@link PretrainingSettings#builder()} has it. */
        public Builder settings(PretrainingSettings settings) {
            this.settings = Objects.requireNonNull(settings, "settings");
            return this;
        }

        /** What shows through transparent pixels, 0xRRGGBB; white by default. */
        public Builder background(int rgb) {
            this.background = rgb;
            return this;
        }

        /**
         * Checks the options; nothing is read yet.
         *
         * @throws IllegalArgumentException if one is out of its range
         * @throws NullPointerException if network, checkpoint, images or output is missing
         */
        public Pretraining build() {
            check();
            Require.that(
                    background >= 0 && background <= WHITE,
                    "background must be between 0x000000 and 0xffffff, but was 0x%x",
                    background);
            return new Pretraining(this);
        }
    }
}
