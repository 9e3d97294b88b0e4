package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.network.AutoencoderTiny;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.DivergedException;
import dev.swiftbrush.train.PretrainingSettings;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.report.ImageGrid;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.Tape;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One step of a tiny decoder's training: a one-step model makes latents of prompts, its own decoder makes pictures of them, and the
 * tiny one learns to make the same. Use from one thread.
 *
 * @see <a href="https://github.com/madebyollin/taesd">TAESD</a>, whose layout the decoder has
 */
public final class DecoderTask implements Task {
    private static final int SHOWN = 8;

    /** Samples that are judged lie so many steps behind the training, so that their noise is no step's. */
    private static final long HELD_OUT = 1L << 40;

    private final OneStepStudent student;
    private final AutoencoderTiny decoder;
    private final PretrainingSettings settings;
    private final Means means;
    private final PromptBatches prompts;
    private final Trainee trainee;

    /**
     * @param checkpoint of the one-step model
     * @param weights that the decoder begins with, taken over
     */
    public DecoderTask(
            Checkpoint checkpoint,
            OneStep recipe,
            AutoencoderTiny decoder,
            FlatTensor weights,
            PretrainingSettings settings,
            Means means,
            PromptBatches prompts) {
        this.student = new OneStepStudent(checkpoint, recipe, means);
        this.decoder = decoder;
        this.settings = settings;
        this.means = means;
        this.prompts = prompts;
        this.trainee = Trainee.of("decoder", weights, settings, means);
    }

    /** The network that learns. */
    public Trainee trainee() {
        return trainee;
    }

    @Override
    public List<Trainee> trainees() {
        return List.of(trainee);
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
        for (int i = 0; i < settings.accumulation(); i++) {
            try (Region region = Region.open()) {
                Batch batch = prompts.batch(step, (long) i * settings.batchSize(), settings.batchSize());
                TorchTensor latents = latents(batch);
                watch.lap("student");
                TorchTensor wanted = student.pictures(latents);
                watch.lap("own_decoder");
                learn(latents, wanted, values);
                watch.lap("tiny_decoder");
            }
        }
        if (!trainee.update(step, values)) {
            throw new DivergedException(
                    "the decoder's gradients are not finite in step %d; lower the learning rate".formatted(step + 1));
        }
        return values;
    }

    private void learn(TorchTensor latents, TorchTensor wanted, Map<String, Double> values) {
        Tape tape = new Tape(means.recomputes());
        TorchTensor found = decoded(trainee.parameters().weights().on(tape), latents);
        PictureLoss loss = PictureLoss.of(found.sub(wanted), settings);
        tape.backward(
                loss.loss(),
                TorchTensor.of(new float[] {(float) (trainee.scale() / settings.accumulation())}, means.device()));
        trainee.parameters().collectGradients();
        add(values, "loss/decoder", loss.loss());
        add(values, "loss/l1", loss.l1());
        add(values, "loss/mse", loss.mse());
    }

    private void add(Map<String, Double> values, String name, TorchTensor value) {
        values.merge(name, value.item() / settings.accumulation(), Double::sum);
    }

    private TorchTensor latents(Batch batch) {
        return student.latents(batch, settings.height() / decoder.scale(), settings.width() / decoder.scale());
    }

    private TorchTensor decoded(TorchWeights weights, TorchTensor latents) {
        return ((TorchTensor) decoder.decode(Scope.of(weights), latents.to(means.compute()))).to(DType.F32);
    }

    /**
     * The mean peak signal-to-noise ratio against the model's own decoder, in dB, of pictures from noise that was not trained with.
     *
     * @param weights of the tiny decoder
     */
    public double psnr(FlatTensor weights, int pictures) {
        FlatTensor there = weights.like(means.device(), means.compute());
        there.copyFrom(weights);
        double sum = 0;
        for (int i = 0; i < pictures; i++) {
            try (NoGrad noGrad = NoGrad.begin();
                    Region region = Region.open()) {
                TorchTensor latents = latents(prompts.batch(HELD_OUT + i, 0, 1));
                TorchTensor found = decoded(TorchWeights.frozen(there), latents).clamp(-1, 1);
                double mse =
                        found.sub(student.pictures(latents)).square().mean().item();
                sum += 10 * Math.log10(4 / Math.max(mse, 1e-10)); // of values from -1 to 1
            }
        }
        return sum / pictures;
    }

    /** What the model's own decoder makes above what the tiny one makes of the same. */
    @Override
    public void drawSamples(Path png) {
        List<Picture> own = new ArrayList<>();
        List<Picture> tiny = new ArrayList<>();
        for (int i = 0; i < SHOWN; i++) {
            try (NoGrad noGrad = NoGrad.begin();
                    Region region = Region.open()) {
                TorchTensor latents = latents(prompts.batch(HELD_OUT + i, 0, 1));
                own.add(picture(student.pictures(latents)));
                tiny.add(picture(decoded(trainee.parameters().weights(), latents)));
            }
        }
        own.addAll(tiny);
        int side = Math.max(settings.width(), settings.height());
        new ImageGrid(SHOWN, Math.max(64, Math.min(256, side))).write(png, own);
    }

    private Picture picture(TorchTensor image) {
        byte[] rgb = image.mul(0.5).add(0.5).clamp(0, 1).toPixels().toBytes();
        return new Picture(Arrays.copyOf(rgb, rgb.length), settings.width(), settings.height(), "");
    }
}
