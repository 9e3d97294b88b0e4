package dev.swiftbrush.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.Device;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.AutoencoderTiny;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.spi.RecipeSource;
import dev.swiftbrush.train.data.EmbeddingOptions;
import dev.swiftbrush.train.data.EmbeddingStore;
import dev.swiftbrush.train.data.EpochOrder;
import dev.swiftbrush.train.data.PromptEmbeddings;
import dev.swiftbrush.train.data.Prompts;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.export.DecoderExport;
import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.trainer.DecoderTask;
import dev.swiftbrush.train.trainer.Listeners;
import dev.swiftbrush.train.trainer.Means;
import dev.swiftbrush.train.trainer.ShuffledPrompts;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Distils a tiny decoder for a one-step model, from prompts alone: the model makes latents, its own decoder makes pictures of them,
 * and the tiny one, a stack of narrow convolutions in TAESD's layout, learns to make the same.
 *
 * <p>Everything lies in one folder, as it does for {@link Distillation}, and at its end the decoder, in {@code decoder/}. Use from
 * one thread, in a JVM started with the flags that libtorch for Java needs, see {@link JvmFlags}.
 *
 * @see <a href="https://github.com/madebyollin/taesd">TAESD</a>
 */
public final class DecoderDistillation {
    /** Channels and blocks that a decoder has if nothing else is said: those of TAESD. */
    public static final int CHANNELS = 64;

    public static final int BLOCKS = 3;

    private static final int JUDGED = 32;

    private final Path checkpoint;
    private final Path prompts;
    private final Path output;
    private final Builder options;

    private DecoderDistillation(Builder options) {
        this.checkpoint = Objects.requireNonNull(options.checkpoint, "checkpoint(...) was not called");
        this.prompts = Objects.requireNonNull(options.prompts, "prompts(...) was not called");
        this.output = Objects.requireNonNull(options.output, "output(...) was not called");
        this.options = options;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** 10,000 steps of 4 pictures of 512x512, at a learning rate of 1e-3 that falls to 0. */
    public static PretrainingSettings defaultSettings() {
        return PretrainingSettings.builder()
                .batchSize(4)
                .learningRate(1e-3)
                .schedule(LearningRateSchedule.COSINE)
                .emaDecay(0.999)
                .build();
    }

    /**
     * Trains to the end, or on to it from where an earlier run stopped.
     *
     * @throws InterruptedException if the thread is interrupted; the run can be resumed from there
     * @throws DivergedException if a number is not finite
     * @throws ModelException if the checkpoint cannot be used, or does not say how it draws in one step
     * @throws IllegalArgumentException if the checkpoint does not draw pictures of the size asked for
     * @throws dev.swiftbrush.DeviceException if libtorch or the device is not there, or this JVM
     *     lacks a flag of {@link JvmFlags}
     * @throws StorageException if a file cannot be read or written, or the folder is another run's
     */
    public DecoderDistillationResult run() throws InterruptedException {
        JvmFlags.require();
        Torch.start(options.threads, options.deterministic);
        TrainingRun run = new TrainingRun(options);
        PretrainingSettings settings = options.settings;
        Checkpoint start = Checkpoint.open(checkpoint, false);
        Pretraining.requireSize(start, settings);
        String preset = options.recipe;
        OneStep recipe = Recipes.of(checkpoint, preset == null ? null : new RecipeSource.Preset(preset))
                .resolve(checkpoint.resolve("scheduler/scheduler_config.json"));
        requireGuidance(start, recipe);
        DecoderExport export =
                new DecoderExport(DecoderExport.decoderFor(start, options.channels, options.blocks), run.exportType());
        Prompts list = Prompts.read(prompts);
        try (PromptEmbeddings embeddings = embeddings(list)) {
            DecoderTask task = task(start, recipe, export, embeddings, run.means());
            double[] psnr = new double[1];
            Path decoder = run.train(task, told(), identity(start, recipe, list), settings.steps(), () -> {
                FlatTensor weights = run.exported(task.trainee());
                psnr[0] = task.psnr(weights, JUDGED);
                return export.write(output.resolve("decoder"), weights::read, readme(export.decoder(), psnr[0]));
            });
            return new DecoderDistillationResult(decoder, settings.steps(), psnr[0]);
        }
    }

    private DecoderTask task(
            Checkpoint start, OneStep recipe, DecoderExport export, PromptEmbeddings embeddings, Means means) {
        PretrainingSettings settings = options.settings;
        ShuffledPrompts batches = new ShuffledPrompts(
                embeddings,
                new EpochOrder(embeddings.count(), settings.seed()),
                new SeededDraws(settings.seed()),
                means.device(),
                settings.samplesPerStep());
        FlatTensor weights = FlatTensor.zeros(export.decoder().weights(), means.device(), DType.F32);
        for (String name : weights.names()) {
            export.initialWeights(settings.seed()).read(name, chunk -> {
                float[] values = new float[chunk.remaining() / Float.BYTES];
                chunk.asFloatBuffer().get(values);
                weights.set(name, values);
            });
        }
        return new DecoderTask(start, recipe, export.decoder(), weights, settings, means, batches);
    }

    private void requireGuidance(Checkpoint start, OneStep recipe) {
        if (recipe.guidance() != null && start.unet().config().timeCondProjDim() == null) {
            throw new ModelException(
                    "The recipe of %s embeds a guidance scale of %s, but its UNet takes none; call recipe(...) with the one that it was trained for"
                            .formatted(checkpoint, recipe.guidance()));
        }
    }

    private PromptEmbeddings embeddings(Prompts list) {
        Path folder = options.embeddings == null ? output.resolve("embeddings") : options.embeddings;
        Listeners listeners = new Listeners(options.listeners);
        try (TextEncoder encoder = TextEncoder.open(checkpoint, Device.cpu())) {
            EmbeddingStore.encode(
                    folder,
                    list,
                    encoder,
                    EmbeddingOptions.defaults(),
                    done -> listeners.stage("encoding prompts", done, list.count()));
            return EmbeddingStore.open(folder, list, encoder.fingerprint());
        }
    }

    private ObjectNode told() {
        ObjectNode told = JsonOutput.object();
        told.put("network", "tiny decoder");
        told.put("channels", options.channels);
        told.put("blocks", options.blocks);
        told.setAll((ObjectNode) JsonOutput.node(options.settings));
        told.remove(List.of("emptyPromptProbability", "klWeight")); // of no effect here
        return told;
    }

    /** What must be the same when a run is resumed; its length may change unless the learning rate depends on it. */
    private String identity(Checkpoint start, OneStep recipe, Prompts list) {
        ObjectNode identity = told();
        if (options.settings.schedule() == LearningRateSchedule.CONSTANT) {
            identity.remove("steps");
        }
        List<Path> files = Stream.concat(start.unetWeights().files().stream(), start.vaeWeights().files().stream())
                .toList();
        identity.put("checkpoint", TrainingRun.fingerprint(files));
        identity.put("recipe", recipe.toString());
        identity.put("prompts", list.sha256());
        return identity.toString();
    }

    private String readme(AutoencoderTiny decoder, double psnr) {
        return """
                # A tiny decoder

                In the layout of TAESD (`AutoencoderTiny` of diffusers): channels %d, blocks %s; the decoder's weights alone. It was
                distilled from the decoder of `%s` on latents that this model makes in one step, by SwiftBrush for Java:
                %d steps of %d pictures of %dx%d.

                Its pictures have a PSNR of %.1f dB against those of the model's own decoder, from noise that it was not trained with.

                ```java
                SwiftBrush.builder().model(model).decoder(Path.of("this folder")).build();
                ```

                A decoder is bound by the licence of the model that it was distilled from.
                """.formatted(
                        decoder.config().channels(),
                        decoder.config().blocks(),
                        checkpoint.toAbsolutePath().normalize().getFileName(),
                        options.settings.steps(),
                        options.settings.samplesPerStep(),
                        options.settings.width(),
                        options.settings.height(),
                        psnr);
    }

    /** Collects what the distillation of a decoder needs; {@link #build()} checks it. */
    public static final class Builder extends TrainingBuilder<Builder> {
        private @Nullable Path checkpoint;
        private @Nullable Path prompts;
        private @Nullable Path embeddings;
        private @Nullable String recipe;
        private PretrainingSettings settings = defaultSettings();
        private int channels = CHANNELS;
        private int blocks = BLOCKS;

        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /** The one-step model: a checkpoint in diffusers layout with safetensors and a decoder of its own. */
        public Builder checkpoint(Path folder) {
            this.checkpoint = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /** The prompts: a UTF-8 text file with one on every line. */
        public Builder prompts(Path file) {
            this.prompts = Objects.requireNonNull(file, "file");
            return this;
        }

        /** Where the prompts' hidden states are kept, for several runs to share; by default within the run's folder. */
        public Builder embeddings(Path folder) {
            this.embeddings = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /** How the model draws in one step, by the name of a preset; by default as the checkpoint says. */
        public Builder recipe(String presetName) {
            this.recipe = Objects.requireNonNull(presetName, "presetName");
            return this;
        }

        /**
         * How to train, in numbers; {@link PretrainingSettings#emptyPromptProbability()} and {@link
         * PretrainingSettings#klWeight()} have no effect. By default {@link #defaultSettings()}.
         */
        public Builder settings(PretrainingSettings settings) {
            this.settings = Objects.requireNonNull(settings, "settings");
            return this;
        }

        /** Channels of the decoder's layers; by default {@link #CHANNELS}. */
        public Builder channels(int channels) {
            this.channels = channels;
            return this;
        }

        /** Blocks of three convolutions at each size of the picture but the last, which has one; by default {@link #BLOCKS}. */
        public Builder blocks(int blocks) {
            this.blocks = blocks;
            return this;
        }

        /**
         * Checks the options; nothing is read yet.
         *
         * @throws IllegalArgumentException if one is out of its range
         * @throws NullPointerException if checkpoint, prompts or output is missing
         */
        public DecoderDistillation build() {
            check();
            Require.that(channels >= 1 && channels <= 1024, "channels must be from 1 to 1024, but were %d", channels);
            Require.that(blocks >= 1 && blocks <= 64, "blocks must be from 1 to 64, but were %d", blocks);
            return new DecoderDistillation(this);
        }
    }
}
