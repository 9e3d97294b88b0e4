package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.network.AutoencoderKl;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;
import dev.swiftbrush.train.DivergedException;
import dev.swiftbrush.train.PretrainingSettings;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.PromptEmbeddings;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Denoiser;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.objective.Teacher;
import dev.swiftbrush.train.report.ImageGrid;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import dev.swiftbrush.train.sampler.DpmSolverPlusPlus2M;
import dev.swiftbrush.train.sampler.Spacing;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.Tape;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import dev.swiftbrush.train.trainer.ImageDraws.Drawn;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One step of a multi-step UNet's training: noise is added to the latents of pictures, and the loss is the mean squared error
 * of what the UNet predicts. Use from one thread.
 *
 * @see <a href="https://arxiv.org/abs/2006.11239">DDPM</a>, equation 14
 */
public final class UNetTask implements Task {
    private static final int SHOWN = 8;
    private static final int SHOWN_STEPS = 25;
    private static final double SHOWN_GUIDANCE = 3;
    private static final int ENCODED_AT_ONCE = 16;

    private final Denoiser denoiser;
    private final PretrainingSettings settings;
    private final Means means;
    private final CaptionedImages images;
    private final PromptEmbeddings captions;
    private final Draws draws;
    private final ImageDraws order;
    private final Trainee trainee;
    private final Painter painter;
    private final TorchTensor empty;
    private final float[][] moments;
    private final float[][] mirroredMoments;
    private final long[] momentSizes;

    /**
     * Encodes all pictures, so that steps need not.
     *
     * @param checkpoint whose UNet is trained, and whose autoencoder stays as it is
     * @param captions hidden states of the captions of {@code images}, by their numbers
     */
    public UNetTask(
            Checkpoint checkpoint,
            NoiseSchedule schedule,
            PretrainingSettings settings,
            Means means,
            CaptionedImages images,
            PromptEmbeddings captions,
            Draws draws) {
        this.denoiser =
                new Denoiser(checkpoint.unet(), schedule, schedule.prediction(), means.device(), means.compute());
        this.settings = settings;
        this.means = means;
        this.images = images;
        this.captions = captions;
        this.draws = draws;
        this.order = new ImageDraws(images, draws, settings.seed(), settings.samplesPerStep());
        FlatTensor weights =
                Networks.load(checkpoint.unetWeights(), checkpoint.unet().weights(), means.device());
        this.trainee = Trainee.of("unet", weights, settings, means);
        this.painter = new Painter(checkpoint, means.device());
        AutoencoderKl autoencoder = checkpoint.autoencoder();
        int scale = autoencoder.config().scale();
        this.momentSizes =
                new long[] {2L * autoencoder.config().latentChannels(), images.height() / scale, images.width() / scale
                };
        FloatBuffer states = FloatBuffer.allocate(captions.tokens() * captions.width());
        captions.readEmptyPrompt(states);
        try (Region region = Region.open()) {
            this.empty =
                    region.keep(TorchTensor.of(states.array(), means.device(), 1, captions.tokens(), captions.width()));
        }
        this.moments = encode(false);
        this.mirroredMoments = encode(true);
    }

    /** Means and log variances of all pictures' latents; of mirrored ones, those that may be mirrored alone. */
    private float[][] encode(boolean mirrored) {
        boolean[] wanted = new boolean[images.pictures().size()];
        images.entries().forEach(entry -> wanted[entry.picture()] |= !mirrored || entry.mirrors());
        float[][] all = new float[wanted.length][];
        List<Drawn> some = new ArrayList<>();
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i]) {
                some.add(new Drawn(new CaptionedImages.Entry(i, 0, 1, mirrored), mirrored));
            }
            if (some.size() == ENCODED_AT_ONCE || i == wanted.length - 1) {
                encode(some, all);
                some.clear();
            }
        }
        return all;
    }

    private void encode(List<Drawn> some, float[][] all) {
        if (some.isEmpty()) {
            return;
        }
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            float[] found = painter.encode(ImageTensors.of(images, some, means.device()))
                    .toFloats();
            int size = found.length / some.size();
            for (int i = 0; i < some.size(); i++) {
                float[] one = new float[size];
                System.arraycopy(found, i * size, one, 0, size);
                all[some.get(i).entry().picture()] = one;
            }
        }
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
        return order.epoch(step);
    }

    @Override
    public Map<String, Double> step(long step) {
        Map<String, Double> values = new LinkedHashMap<>();
        for (int i = 0; i < settings.accumulation(); i++) {
            long first = (long) i * settings.batchSize();
            List<Drawn> drawn = new ArrayList<>();
            for (int k = 0; k < settings.batchSize(); k++) {
                drawn.add(order.draw(step, first + k));
            }
            try (Region region = Region.open()) {
                double loss = learn(clean(drawn, step, first), batch(drawn, step, first));
                values.merge("loss/unet", loss / settings.accumulation(), Double::sum);
            }
        }
        if (!trainee.update(step, values)) {
            throw new DivergedException(
                    "the UNet's gradients are not finite in step %d; lower the learning rate".formatted(step + 1));
        }
        return values;
    }

    /** Adds the gradients of one batch of clean, scaled latents. */
    double learn(TorchTensor clean, Batch batch) {
        int[] timesteps = batch.timesteps(Use.TIMESTEP, 0, denoiser.schedule().timesteps() - 1);
        TorchTensor noise = batch.normalLike(Use.NOISE, clean);
        TorchTensor noisy = denoiser.addNoise(clean, noise, timesteps);
        TorchTensor states = batch.withEmptyPrompts(Use.EMPTY_PROMPT, settings.emptyPromptProbability());
        TorchTensor target =
                denoiser.prediction() == Prediction.EPSILON ? noise : denoiser.velocity(clean, noise, timesteps);
        Tape tape = new Tape(means.recomputes());
        TorchTensor found = denoiser.predict(trainee.parameters().weights().on(tape), noisy, timesteps, states);
        TorchTensor loss = found.sub(target).square().mean();
        float factor = (float) (trainee.scale() / settings.accumulation());
        tape.backward(loss, TorchTensor.of(new float[] {factor}, means.device()));
        trainee.parameters().collectGradients();
        return loss.item();
    }

    private TorchTensor clean(List<Drawn> drawn, long step, long first) {
        int size = Math.toIntExact(momentSizes[0] * momentSizes[1] * momentSizes[2]);
        float[] values = new float[drawn.size() * size];
        for (int i = 0; i < drawn.size(); i++) {
            float[][] from = drawn.get(i).mirrored() ? mirroredMoments : moments;
            System.arraycopy(from[drawn.get(i).entry().picture()], 0, values, i * size, size);
        }
        TorchTensor found =
                TorchTensor.of(values, means.device(), drawn.size(), momentSizes[0], momentSizes[1], momentSizes[2]);
        return Latents.of(found).sample(draws, step, first, means.device()).mul(painter.scalingFactor());
    }

    private Batch batch(List<Drawn> drawn, long step, long first) {
        int[] wanted = drawn.stream().mapToInt(each -> each.entry().caption()).toArray();
        return new Batch(draws, means.device(), step, first, states(wanted), empty);
    }

    private TorchTensor states(int[] wanted) {
        FloatBuffer states = FloatBuffer.allocate(wanted.length * captions.tokens() * captions.width());
        captions.read(wanted, states);
        return TorchTensor.of(states.array(), means.device(), wanted.length, captions.tokens(), captions.width());
    }

    /** What the average draws in 25 steps, under some of the captions. */
    @Override
    public void drawSamples(Path png) {
        int count = Math.min(SHOWN, images.captions().size());
        List<Picture> grid = new ArrayList<>();
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            FlatTensor there = trainee.result().like(means.device(), means.compute());
            there.copyFrom(trainee.result());
            Teacher teacher = new Teacher(denoiser, TorchWeights.frozen(there));
            TeacherSampling sampling = new TeacherSampling(
                    teacher, new DpmSolverPlusPlus2M(Spacing.TRAILING, true), SHOWN_STEPS, SHOWN_GUIDANCE);
            int[] wanted = new int[count];
            for (int i = 0; i < count; i++) {
                wanted[i] = (int) ((long) i * images.captions().size() / count);
            }
            Batch prompts = new Batch(draws, means.device(), 0, 0, states(wanted), empty);
            TorchTensor noise = prompts.normal(Use.SAMPLE, momentSizes[0] / 2, momentSizes[1], momentSizes[2]);
            List<byte[]> pictures = painter.paint(sampling.sample(noise, prompts));
            for (int i = 0; i < count; i++) {
                grid.add(new Picture(
                        pictures.get(i),
                        images.width(),
                        images.height(),
                        images.captions().get(wanted[i])));
            }
        }
        new ImageGrid(count, Math.max(64, Math.min(256, images.width()))).write(png, grid);
    }
}
