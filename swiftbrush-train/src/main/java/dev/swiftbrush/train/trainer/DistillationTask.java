package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.UNet2DConditionModel;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.DistillationSettings.Method;
import dev.swiftbrush.train.DivergedException;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Denoiser;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.objective.Objective;
import dev.swiftbrush.train.objective.Objective.Signal;
import dev.swiftbrush.train.objective.ScoreDistillationSampling;
import dev.swiftbrush.train.objective.Teacher;
import dev.swiftbrush.train.objective.VariationalScoreDistillation;
import dev.swiftbrush.train.objective.VariationalScoreDistillation.Adapted;
import dev.swiftbrush.train.torch.Adam;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.LoraAdapters;
import dev.swiftbrush.train.torch.MovingAverage;
import dev.swiftbrush.train.torch.Parameters;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.Tape;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One step of a distillation: the student makes latents, an objective judges them, the student moves, and the objective's
 * own network learns what the student now makes. Use from one thread.
 *
 * @see <a href="https://arxiv.org/abs/2312.05239">SwiftBrush</a>, algorithm 1
 */
public final class DistillationTask implements Task {
    private final DistillationSettings settings;
    private final PromptBatches prompts;
    private final @Nullable Samples samples;
    private final Denoiser denoiser;
    private final boolean recomputes;
    private final Trainee student;
    private final @Nullable Trainee lora;
    private final Objective objective;
    private final long channels;
    private final int height;
    private final int width;

    /** @param samples drawn by {@link #drawSamples}, or null for none */
    public DistillationTask(
            Checkpoint teacher,
            NoiseSchedule schedule,
            DistillationSettings settings,
            Means means,
            PromptBatches prompts,
            @Nullable Samples samples) {
        UNet2DConditionModel unet = teacher.unet();
        int scale = teacher.autoencoder().config().scale();
        this.settings = settings;
        this.prompts = prompts;
        this.samples = samples;
        this.recomputes = means.recomputes();
        this.denoiser = new Denoiser(unet, schedule, schedule.prediction(), means.device(), means.compute());
        this.channels = unet.config().inChannels();
        this.height = settings.height() / scale;
        this.width = settings.width() / scale;

        Map<String, Shape> shapes = unet.weights();
        FlatTensor master = Networks.load(teacher.unetWeights(), shapes, means.device());
        FlatTensor frozen = master.like(means.device(), means.compute());
        frozen.copyFrom(master);
        Teacher guide = new Teacher(denoiser, TorchWeights.frozen(frozen));
        boolean accumulates = settings.accumulation() > 1;
        this.student = student(new Parameters(master, means.compute(), accumulates), means);
        if (settings.method() == Method.SDS) {
            this.lora = null;
            this.objective = new ScoreDistillationSampling(
                    guide,
                    settings.guidanceScale(),
                    settings.weighting(),
                    settings.minTimestep(),
                    settings.maxTimestep());
        } else {
            Map<String, Shape> adapters = LoraAdapters.shapes(shapes, settings.loraTargets(), settings.loraRank());
            FlatTensor first = FlatTensor.zeros(adapters, means.device(), DType.F32);
            LoraAdapters.initialise(first, settings.seed());
            Parameters parameters = new Parameters(first, means.compute(), accumulates);
            this.lora = new Trainee("lora", parameters, adam(), terms(settings.loraLearningRate(), null, means));
            LoraAdapters loraAdapters = new LoraAdapters(parameters, settings.loraAlpha() / settings.loraRank());
            this.objective = new VariationalScoreDistillation(
                    guide,
                    new Teacher(denoiser, guide.weights().with(loraAdapters)),
                    settings.guidanceScale(),
                    new Adapted(settings.loraGuidanceScale(), settings.emptyPromptProbability(), recomputes),
                    settings.weighting(),
                    settings.minTimestep(),
                    settings.maxTimestep());
        }
    }

    private Trainee student(Parameters parameters, Means means) {
        MovingAverage average = settings.emaDecay() == 0 ? null : new MovingAverage(parameters, means.averageDevice());
        return new Trainee("student", parameters, adam(), terms(settings.studentLearningRate(), average, means));
    }

    private Adam.Options adam() {
        return new Adam.Options(settings.adamBeta1(), settings.adamBeta2(), settings.adamEps());
    }

    private Trainee.Terms terms(double learningRate, @Nullable MovingAverage average, Means means) {
        return new Trainee.Terms(
                new LearningRate(learningRate, settings.schedule(), settings.warmupSteps(), settings.steps()),
                settings.gradientClip(),
                average,
                settings.emaDecay(),
                means.compute() == DType.F16,
                gradients -> {});
    }

    public Trainee student() {
        return student;
    }

    /** The adapters of the LoRA teacher, or null if the objective has none. */
    public @Nullable Trainee lora() {
        return lora;
    }

    @Override
    public List<Trainee> trainees() {
        return lora == null ? List.of(student) : List.of(student, lora);
    }

    @Override
    public int samplesPerStep() {
        return settings.samplesPerStep();
    }

    @Override
    public long epoch(long step) {
        return prompts.epoch(step);
    }

    @Override
    public Map<String, Double> step(long step) {
        Map<String, Double> values = new LinkedHashMap<>();
        StopWatch watch = new StopWatch(values);
        try (Region region = Region.open()) {
            List<Batch> batches = new ArrayList<>();
            List<TorchTensor> made = new ArrayList<>();
            double loss = 0;
            double spread = 0;
            for (int i = 0; i < settings.accumulation(); i++) {
                Batch batch = prompts.batch(step, (long) i * settings.batchSize(), settings.batchSize());
                batches.add(batch);
                Signal signal = teach(batch, made, watch);
                loss += signal.loss() / settings.accumulation();
                spread += made.get(i).std() / settings.accumulation();
            }
            values.put("loss/student", loss);
            values.put("latents/std", spread);
            requireFinite(step, "the student's latents", spread);
            require(student.update(step, values), step, "the student's gradients");
            watch.lap("student_update");
            if (lora != null) {
                values.put("loss/lora", learn(lora, step, batches, made, values));
                watch.lap("lora");
            }
        }
        return values;
    }

    /** One forward and backward pass of the student. */
    private Signal teach(Batch batch, List<TorchTensor> made, StopWatch watch) {
        try (Region region = Region.open()) {
            Tape tape = new Tape(recomputes);
            TorchTensor noise = batch.normal(Use.LATENTS, channels, height, width);
            TorchTensor latents = denoiser.generate(
                    student.parameters().weights().on(tape),
                    noise,
                    denoiser.schedule().timesteps() - 1,
                    batch.states());
            TorchTensor seen = region.pass(latents.detach());
            watch.lap("student_forward");
            Signal signal = objective.judge(batch, seen);
            watch.lap("judgement");
            tape.backward(latents, signal.gradient().mul(student.scale() / settings.accumulation()));
            student.parameters().collectGradients();
            made.add(seen);
            watch.lap("student_backward");
            return signal;
        }
    }

    private double learn(
            Trainee network, long step, List<Batch> batches, List<TorchTensor> made, Map<String, Double> values) {
        double loss = 0;
        for (int round = 0; round < settings.loraSteps(); round++) {
            for (int i = 0; i < batches.size(); i++) {
                Batch batch = batches.get(i).in(step * settings.loraSteps() + round);
                double factor = network.scale() / batches.size();
                loss += objective.learn(batch, made.get(i), factor) / batches.size() / settings.loraSteps();
                network.parameters().collectGradients();
            }
            requireFinite(step, "the LoRA teacher's loss", loss);
            require(network.update(step, values), step, "the LoRA teacher's gradients");
        }
        return loss;
    }

    /** The student as it is, and below it its average. */
    @Override
    public void drawSamples(Path png) {
        if (samples == null) {
            return;
        }
        try (Region region = Region.open()) {
            List<TorchWeights> students = new ArrayList<>();
            students.add(student.parameters().weights());
            if (student.average() != null) {
                FlatTensor average = student.average().average();
                FlatTensor there = average.like(denoiser.device(), denoiser.compute());
                there.copyFrom(average);
                students.add(TorchWeights.frozen(there));
            }
            samples.draw(denoiser, students, width, height, png);
        }
    }

    private static void requireFinite(long step, String what, double value) {
        require(Double.isFinite(value), step, what);
    }

    private static void require(boolean holds, long step, String what) {
        if (!holds) {
            throw new DivergedException(
                    "%s are not finite in step %d; lower the learning rates or guidance, or take bf16 or f32 instead of f16"
                            .formatted(what, step + 1));
        }
    }
}
