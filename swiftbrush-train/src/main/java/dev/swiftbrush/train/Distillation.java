package dev.swiftbrush.train;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.data.EmbeddingOptions;
import dev.swiftbrush.train.data.EmbeddingStore;
import dev.swiftbrush.train.data.EncodedOnTheFly;
import dev.swiftbrush.train.data.EpochOrder;
import dev.swiftbrush.train.data.PromptEmbeddings;
import dev.swiftbrush.train.data.Prompts;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.export.LoraExport;
import dev.swiftbrush.train.export.StudentExport;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.trainer.DistillationTask;
import dev.swiftbrush.train.trainer.Listeners;
import dev.swiftbrush.train.trainer.Means;
import dev.swiftbrush.train.trainer.Painter;
import dev.swiftbrush.train.trainer.Samples;
import dev.swiftbrush.train.trainer.ShuffledPrompts;
import dev.swiftbrush.train.trainer.Trainee;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Distils a multi-step checkpoint of the Stable Diffusion family into a one-step student, from prompts alone.
 *
 * <p>Everything lies in one folder: checkpoints to go on from, metrics, sample pictures, a report, and at the end the student.
 * Use from one thread, in a JVM started with the flags that libtorch for Java needs, see {@link JvmFlags}.
 *
 * @see <a href="https://arxiv.org/abs/2312.05239">SwiftBrush: One-Step Text-to-Image Diffusion Model with Variational Score
 *     Distillation</a>
 */
public final class Distillation {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int DEFAULT_SAMPLES = 8;

    private final Path teacher;
    private final Path prompts;
    private final Path output;
    private final Builder options;

    private Distillation(Builder options) {
        this.teacher = Objects.requireNonNull(options.teacher, "teacher(...) was not called");
        this.prompts = Objects.requireNonNull(options.prompts, "prompts(...) was not called");
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
     * @throws dev.swiftbrush.ModelException if the teacher cannot be used
     * @throws dev.swiftbrush.DeviceException if libtorch or the device is not there, or this JVM
     *     lacks a flag of {@link JvmFlags}
     * @throws StorageException if a file cannot be read or written, or the folder is another run's
     */
    public DistillationResult run() throws InterruptedException {
        JvmFlags.require();
        Torch.start(options.threads, options.deterministic);
        TrainingRun run = new TrainingRun(options);
        Means means = run.means();
        DistillationSettings settings = options.settings;
        Checkpoint checkpoint = Checkpoint.open(teacher, false);
        checkpoint.autoencoder(); // refuses a tiny one before prompts are encoded
        NoiseSchedule schedule = NoiseSchedule.of(JsonFile.read(teacher.resolve("scheduler/scheduler_config.json")));
        Prompts list = Prompts.read(prompts);
        Listeners listeners = new Listeners(options.listeners);
        try (TextEncoder encoder = TextEncoder.open(teacher, Device.cpu());
                PromptEmbeddings embeddings = embeddings(list, encoder, listeners)) {
            ShuffledPrompts batches = new ShuffledPrompts(
                    embeddings,
                    new EpochOrder(embeddings.count(), settings.seed()),
                    new SeededDraws(settings.seed()),
                    means.device(),
                    settings.samplesPerStep());
            DistillationTask task = new DistillationTask(
                    checkpoint, schedule, settings, means, batches, samples(checkpoint, list, encoder, means.device()));
            ObjectNode told = JSON.valueToTree(settings);
            Path student = run.train(task, told, identity(told, list), settings.steps(), () -> export(task, run));
            return new DistillationResult(student, settings.steps());
        }
    }

    private Path export(DistillationTask task, TrainingRun run) {
        Map<String, Object> settings = JSON.convertValue(options.settings, new TypeReference<>() {});
        Path student = output.resolve("student");
        String method = switch (options.settings.method()) {
            case VSD -> "variational score distillation";
            case SDS -> "score distillation sampling";
        };
        FlatTensor weights = run.exported(task.student());
        StudentExport.of(teacher, method, settings)
                .as(run.exportType())
                .replacing()
                .write(student, weights::read);
        Trainee lora = task.lora();
        if (lora != null) {
            FlatTensor adapters = lora.parameters().master();
            new LoraExport(adapters.shapes(), options.settings.loraAlpha()).write(output, DType.F32, adapters::read);
        }
        return student;
    }

    /** What must be the same when a run is resumed; its length may change unless the learning rate depends on it. */
    private String identity(ObjectNode settings, Prompts list) {
        ObjectNode identity = settings.deepCopy();
        if (options.settings.schedule() == LearningRateSchedule.CONSTANT) {
            identity.remove("steps");
        }
        identity.put(
                "teacher",
                TrainingRun.fingerprint(
                        Checkpoint.open(teacher, false).unetWeights().files()));
        identity.put("prompts", list.sha256());
        return identity.toString();
    }

    private PromptEmbeddings embeddings(Prompts list, TextEncoder encoder, Listeners listeners) {
        if (options.encodeOnTheFly) {
            return new EncodedOnTheFly(list, encoder);
        }
        Path folder = options.embeddings == null ? output.resolve("embeddings") : options.embeddings;
        EmbeddingStore.encode(
                folder,
                list,
                encoder,
                EmbeddingOptions.defaults(),
                done -> listeners.stage("encoding prompts", done, list.count()));
        return EmbeddingStore.open(folder, list, encoder.fingerprint());
    }

    private @Nullable Samples samples(Checkpoint checkpoint, Prompts list, TextEncoder encoder, TorchDevice device) {
        if (options.sampleEvery == 0) {
            return null;
        }
        List<String> chosen = options.samplePrompts.isEmpty()
                ? list.list().subList(0, Math.min(DEFAULT_SAMPLES, list.count()))
                : options.samplePrompts;
        FloatBuffer states = FloatBuffer.allocate(chosen.size() * encoder.tokens() * encoder.width());
        encoder.encode(chosen, states);
        return new Samples(
                chosen,
                TorchTensor.of(states.array(), device, chosen.size(), encoder.tokens(), encoder.width()),
                new SeededDraws(options.settings.seed()),
                new Painter(checkpoint, device),
                options.settings.width(),
                options.settings.height());
    }

    /** Collects what a distillation needs; {@link #build()} checks it. */
    public static final class Builder extends TrainingBuilder<Builder> {
        private @Nullable Path teacher;
        private @Nullable Path prompts;
        private @Nullable Path embeddings;
        private DistillationSettings settings = DistillationSettings.published();
        private boolean encodeOnTheFly;
        private List<String> samplePrompts = List.of();

        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /** The teacher: a checkpoint in diffusers layout with safetensors, whose UNet predicts epsilon or v. */
        public Builder teacher(Path folder) {
            this.teacher = Objects.requireNonNull(folder, "folder");
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

        /** What the distillation learns, in numbers; by default the published ones. */
        public Builder settings(DistillationSettings settings) {
            this.settings = Objects.requireNonNull(settings, "settings");
            return this;
        }

        /** Whether prompts are encoded whenever they are needed, which takes no disk, instead of once. */
        public Builder encodeOnTheFly(boolean on) {
            this.encodeOnTheFly = on;
            return this;
        }

        /** What the sample pictures are of; by default the first eight prompts. */
        public Builder samplePrompts(List<String> prompts) {
            this.samplePrompts = List.copyOf(prompts);
            return this;
        }

        /**
         * Checks the options; nothing is read yet.
         *
         * @throws IllegalArgumentException if one is out of its range, or two contradict each other
         * @throws NullPointerException if teacher, prompts or output is missing
         */
        public Distillation build() {
            check();
            Require.that(
                    !encodeOnTheFly || embeddings == null,
                    "embeddings(...) names a folder, but nothing is kept when encoding on the fly");
            return new Distillation(this);
        }
    }
}
