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
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.report.RunFiles;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.MovingAverage;
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
import dev.swiftbrush.train.trainer.TrainingLoop;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
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
        Torch.start(options.threads);
        TorchDevice device = device(options.device);
        DistillationSettings settings = options.settings;
        Checkpoint checkpoint = Checkpoint.open(teacher, false);
        NoiseSchedule schedule = NoiseSchedule.of(JsonFile.read(teacher.resolve("scheduler/scheduler_config.json")));
        Prompts list = Prompts.read(prompts);
        Listeners listeners = new Listeners(options.listeners);
        try (TextEncoder encoder = TextEncoder.open(teacher, Device.cpu());
                PromptEmbeddings embeddings = embeddings(list, encoder, listeners)) {
            ShuffledPrompts batches = new ShuffledPrompts(
                    embeddings,
                    new EpochOrder(embeddings.count(), settings.seed()),
                    new SeededDraws(settings.seed()),
                    device,
                    settings.samplesPerStep());
            DistillationTask task = new DistillationTask(
                    checkpoint,
                    schedule,
                    settings,
                    new Means(device, options.precision.type(), options.gradientCheckpointing, options.averageOnCpu),
                    batches,
                    samples(checkpoint, list, encoder, device));
            return train(task, list);
        }
    }

    private DistillationResult train(DistillationTask task, Prompts list) throws InterruptedException {
        ObjectNode settings = JSON.valueToTree(options.settings);
        TrainingLoop.Terms terms = new TrainingLoop.Terms(
                output,
                identity(settings, list),
                options.settings.steps(),
                options.checkpointEvery,
                options.keepCheckpoints,
                options.sampleEvery,
                options.resume);
        try (TrainingLoop loop = TrainingLoop.open(task, terms);
                RunFiles files = RunFiles.open(output, settings, loop.completed())) {
            List<TrainingListener> all = new ArrayList<>(options.listeners);
            all.add(0, files);
            Listeners listeners = new Listeners(all);
            loop.run(listeners, files::grid);
            Path student = export(task);
            listeners.finished(student, options.settings.steps());
            return new DistillationResult(student, options.settings.steps());
        }
    }

    private Path export(DistillationTask task) {
        Map<String, Object> settings = JSON.convertValue(options.settings, new TypeReference<>() {});
        Path student = output.resolve("student");
        String method = switch (options.settings.method()) {
            case VSD -> "variational score distillation";
            case SDS -> "score distillation sampling";
        };
        MovingAverage average = task.student().average();
        FlatTensor weights = average != null && options.exportAverage
                ? average.average()
                : task.student().parameters().master();
        StudentExport.of(teacher, method, settings)
                .as(options.exportHalf ? DType.F16 : DType.F32)
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
        identity.put("teacher", fingerprint(teacher));
        identity.put("prompts", list.sha256());
        return identity.toString();
    }

    private static String fingerprint(Path teacher) {
        Sha256 hash = new Sha256();
        for (Path file : Checkpoint.open(teacher, false).unetWeights().files()) {
            try {
                hash.text(Sha256.of(file));
            } catch (IOException e) {
                throw StorageException.cannotRead(file, e);
            }
        }
        return hash.hex();
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

    private static TorchDevice device(Device device) {
        if (device instanceof Device.Cuda cuda) {
            return TorchDevice.cuda(cuda.index());
        }
        return device instanceof Device.Auto && TorchDevice.hasCuda() ? TorchDevice.cuda(0) : TorchDevice.cpu();
    }

    /** Collects what a distillation needs; {@link #build()} checks it. */
    public static final class Builder {
        private @Nullable Path teacher;
        private @Nullable Path prompts;
        private @Nullable Path output;
        private @Nullable Path embeddings;
        private DistillationSettings settings = DistillationSettings.published();
        private Device device = Device.auto();
        private int threads = Math.max(1, Runtime.getRuntime().availableProcessors());
        private Precision precision = Precision.F32;
        private boolean gradientCheckpointing;
        private boolean averageOnCpu;
        private boolean encodeOnTheFly;
        private long checkpointEvery = 500;
        private int keepCheckpoints = 2;
        private long sampleEvery = 500;
        private List<String> samplePrompts = List.of();
        private boolean resume;
        private boolean exportAverage = true;
        private boolean exportHalf;
        private final List<TrainingListener> listeners = new ArrayList<>();

        private Builder() {}

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

        /** The folder of the run, which is made if it is not there. */
        public Builder output(Path folder) {
            this.output = Objects.requireNonNull(folder, "folder");
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

        /** Where networks are trained; by default on the first GPU that libtorch can use, else on the CPU. */
        public Builder device(Device device) {
            this.device = Objects.requireNonNull(device, "device");
            return this;
        }

        /** Threads that libtorch computes with on the CPU; by default one for each processor. */
        public Builder threads(int threads) {
            this.threads = threads;
            return this;
        }

        /** What networks compute in; by default single precision. */
        public Builder precision(Precision precision) {
            this.precision = Objects.requireNonNull(precision, "precision");
            return this;
        }

        /** Whether blocks are run a second time in the backward pass instead of being kept; takes time, saves memory. */
        public Builder gradientCheckpointing(boolean on) {
            this.gradientCheckpointing = on;
            return this;
        }

        /** Whether the student's average lies in the CPU's memory while the student is on a GPU. */
        public Builder averageOnCpu(boolean on) {
            this.averageOnCpu = on;
            return this;
        }

        /** Whether prompts are encoded whenever they are needed, which takes no disk, instead of once. */
        public Builder encodeOnTheFly(boolean on) {
            this.encodeOnTheFly = on;
            return this;
        }

        /** Steps from one checkpoint to the next, and how many of them stay; 0 saves one at the end alone. By default 500 and 2. */
        public Builder checkpoints(long every, int keep) {
            this.checkpointEvery = every;
            this.keepCheckpoints = keep;
            return this;
        }

        /** Steps from one grid of sample pictures to the next; 0 draws none. By default 500. */
        public Builder sampleEvery(long steps) {
            this.sampleEvery = steps;
            return this;
        }

        /** What the sample pictures are of; by default the first eight prompts. */
        public Builder samplePrompts(List<String> prompts) {
            this.samplePrompts = List.copyOf(prompts);
            return this;
        }

        /** Whether to go on with a run that was begun in this folder; if not, one is refused. */
        public Builder resume(boolean on) {
            this.resume = on;
            return this;
        }

        /** Whether the student is its average, if one was kept, rather than its last state. By default it is. */
        public Builder exportAverage(boolean on) {
            this.exportAverage = on;
            return this;
        }

        /** Whether the student's weights are written in half precision. By default in single. */
        public Builder exportHalf(boolean on) {
            this.exportHalf = on;
            return this;
        }

        /** Adds somebody who is told how the run goes. */
        public Builder listener(TrainingListener listener) {
            this.listeners.add(Objects.requireNonNull(listener, "listener"));
            return this;
        }

        /**
         * Checks the options; nothing is read yet.
         *
         * @throws IllegalArgumentException if one is out of its range, or two contradict each other
         * @throws NullPointerException if teacher, prompts or output is missing
         */
        public Distillation build() {
            Require.that(threads >= 1, "threads must be at least 1, but was %d", threads);
            Require.that(
                    checkpointEvery >= 0, "checkpoints must be at least 0 steps apart, but were %d", checkpointEvery);
            Require.that(keepCheckpoints >= 1, "at least 1 checkpoint must be kept, but were %d", keepCheckpoints);
            Require.that(sampleEvery >= 0, "sampleEvery must be at least 0, but was %d", sampleEvery);
            Require.that(
                    precision != Precision.F16 || !(device instanceof Device.Cpu),
                    "f16 cannot be trained with on the CPU; take bf16 or f32");
            Require.that(
                    !encodeOnTheFly || embeddings == null,
                    "embeddings(...) names a folder, but nothing is kept when encoding on the fly");
            return new Distillation(this);
        }
    }
}
