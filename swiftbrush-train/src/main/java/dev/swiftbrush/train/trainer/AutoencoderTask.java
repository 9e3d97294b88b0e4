package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.network.AutoencoderKl;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.DivergedException;
import dev.swiftbrush.train.PretrainingSettings;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.report.ImageGrid;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.Tape;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import dev.swiftbrush.train.trainer.ImageDraws.Drawn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One step of an autoencoder's training: pictures go through both halves, and the loss is what they lose on the way and how
 * far their latents are from standard normal ones. Use from one thread.
 *
 * @see <a href="https://arxiv.org/abs/2112.10752">Latent Diffusion</a>, appendix G
 */
public final class AutoencoderTask implements Task {
    private static final int SHOWN = 8;

    private final AutoencoderKl autoencoder;
    private final PretrainingSettings settings;
    private final Means means;
    private final CaptionedImages images;
    private final Draws draws;
    private final ImageDraws order;
    private final Trainee trainee;

    /** The autoencoder of {@code checkpoint}, from its weights on. */
    public static AutoencoderTask of(
            Checkpoint checkpoint, PretrainingSettings settings, Means means, CaptionedImages images, Draws draws) {
        AutoencoderKl autoencoder = checkpoint.autoencoder();
        FlatTensor weights = Networks.load(checkpoint.vaeWeights(), autoencoder.weights(), means.device());
        return new AutoencoderTask(autoencoder, weights, settings, means, images, draws);
    }

    /** @param weights taken over */
    AutoencoderTask(
            AutoencoderKl autoencoder,
            FlatTensor weights,
            PretrainingSettings settings,
            Means means,
            CaptionedImages images,
            Draws draws) {
        this.autoencoder = autoencoder;
        this.settings = settings;
        this.means = means;
        this.images = images;
        this.draws = draws;
        this.order = new ImageDraws(images, draws, settings.seed(), settings.samplesPerStep());
        this.trainee = Trainee.of("autoencoder", weights, settings, means);
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
            List<Drawn> drawn = new ArrayList<>();
            for (int k = 0; k < settings.batchSize(); k++) {
                drawn.add(order.draw(step, (long) i * settings.batchSize() + k));
            }
            try (Region region = Region.open()) {
                TorchTensor pictures = ImageTensors.of(images, drawn, means.device());
                learn(step, (long) i * settings.batchSize(), pictures, values);
            }
        }
        if (!trainee.update(step, values)) {
            throw new DivergedException("the autoencoder's gradients are not finite in step %d; lower the learning rate"
                    .formatted(step + 1));
        }
        return values;
    }

    /** Adds the gradients of one batch. */
    void learn(long step, long first, TorchTensor pictures, Map<String, Double> values) {
        Tape tape = new Tape(means.recomputes());
        Scope scope = Scope.of(trainee.parameters().weights().on(tape));
        Latents latents = Latents.of((TorchTensor) autoencoder.encode(scope, pictures.to(means.compute())));
        TorchTensor drawn = latents.sample(draws, step, first, means.device());
        TorchTensor scaled = drawn.mul(autoencoder.config().scalingFactor()); // which decode undoes
        TorchTensor found = ((TorchTensor) autoencoder.decode(scope, scaled.to(means.compute()))).to(DType.F32);

        PictureLoss seen = PictureLoss.of(found.sub(pictures), settings);
        TorchTensor kl = latents.divergence();
        TorchTensor loss = seen.loss().add(kl.mul(settings.klWeight()));
        tape.backward(
                loss,
                TorchTensor.of(new float[] {(float) (trainee.scale() / settings.accumulation())}, means.device()));
        trainee.parameters().collectGradients();
        add(values, "loss/autoencoder", loss);
        add(values, "loss/l1", seen.l1());
        add(values, "loss/mse", seen.mse());
        add(values, "loss/kl", kl);
    }

    private void add(Map<String, Double> values, String name, TorchTensor value) {
        values.merge(name, value.item() / settings.accumulation(), Double::sum);
    }

    /** One over the standard deviation that latents have over all pictures, encoded with {@code weights}. */
    public double scalingFactor(FlatTensor weights) {
        Scope scope = Scope.of(TorchWeights.frozen(weights));
        double sum = 0;
        double squares = 0;
        long count = 0;
        for (int i = 0; i < images.pictures().size(); i++) {
            List<Drawn> one = List.of(new Drawn(new CaptionedImages.Entry(i, 0, 1, false), false));
            try (NoGrad noGrad = NoGrad.begin();
                    Region region = Region.open()) {
                TorchTensor picture = ImageTensors.of(images, one, weights.device());
                for (float value : Latents.of((TorchTensor) autoencoder.encode(scope, picture))
                        .mean()
                        .toFloats()) {
                    sum += value;
                    squares += (double) value * value;
                    count++;
                }
            }
        }
        return 1 / Math.sqrt(squares / count - sum / count * sum / count);
    }

    /** Pictures above what becomes of them. */
    @Override
    public void drawSamples(Path png) {
        List<Drawn> first = new ArrayList<>();
        for (int i = 0; i < Math.min(SHOWN, images.pictures().size()); i++) {
            int picture = i
                    * images.pictures().size()
                    / Math.min(SHOWN, images.pictures().size());
            first.add(new Drawn(new CaptionedImages.Entry(picture, 0, 1, false), false));
        }
        List<Picture> grid = new ArrayList<>();
        first.forEach(
                each -> grid.add(picture(images.pictures().get(each.entry().picture()))));
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            TorchWeights weights = trainee.parameters().weights();
            Scope scope = Scope.of(weights);
            TorchTensor pictures =
                    ImageTensors.of(images, first, means.device()).to(means.compute());
            TorchTensor mean = Latents.of((TorchTensor) autoencoder.encode(scope, pictures))
                    .mean();
            TorchTensor scaled = mean.mul(autoencoder.config().scalingFactor());
            TorchTensor found = ((TorchTensor) autoencoder.decode(scope, scaled.to(means.compute()))).to(DType.F32);
            byte[] bytes = found.mul(0.5).add(0.5).clamp(0, 1).toPixels().toBytes();
            int size = bytes.length / first.size();
            for (int i = 0; i < first.size(); i++) {
                grid.add(picture(java.util.Arrays.copyOfRange(bytes, i * size, (i + 1) * size)));
            }
        }
        new ImageGrid(first.size(), Math.max(64, Math.min(256, images.width()))).write(png, grid);
    }

    private Picture picture(byte[] rgb) {
        return new Picture(rgb, images.width(), images.height(), "");
    }
}
