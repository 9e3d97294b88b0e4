package dev.swiftbrush.train.evaluation;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.DivergedException;
import dev.swiftbrush.train.LearningRateSchedule;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.evaluation.PictureTensors.View;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.torch.Adam;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.MovingAverage;
import dev.swiftbrush.train.torch.Parameters;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.Tape;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import dev.swiftbrush.train.trainer.ImageDraws;
import dev.swiftbrush.train.trainer.ImageDraws.Drawn;
import dev.swiftbrush.train.trainer.LearningRate;
import dev.swiftbrush.train.trainer.Task;
import dev.swiftbrush.train.trainer.Trainee;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One step of an {@link ImageEncoder}'s training: of a batch of pictures and captions, it learns which belong together. The
 * sentence embeddings are frozen, but for the linear layer behind them. Use from one thread.
 *
 * @see <a href="https://arxiv.org/abs/2103.00020">CLIP</a>, figure 3, for the loss
 * @see <a href="https://arxiv.org/abs/2111.07991">LiT</a>, for freezing one side
 */
public final class ContrastiveTask implements Task {
    private static final double TEMPERATURE = 0.05;
    private static final double CLIP = 1;
    private static final double DECAY = 0.999;
    private static final int SHIFT = 3; // pixels, either way

    private final ImageEncoder encoder;
    private final CaptionedImages images;
    private final List<float[]> sentences;
    private final Settings settings;
    private final Draws draws;
    private final ImageDraws order;
    private final Trainee trainee;

    /**
     * What may be chosen.
     *
     * @param batchSize of which every picture is told from all others
     */
    public record Settings(long steps, int batchSize, double learningRate, long seed) {
        public static final Settings DEFAULT = new Settings(1_000, 256, 2e-3, 0);
    }

    /** @param sentences of the captions of {@code images}, by their numbers, see {@link Sentences} */
    public ContrastiveTask(CaptionedImages images, List<float[]> sentences, Settings settings) {
        this.encoder = new ImageEncoder(images.width(), sentences.get(0).length);
        this.images = images;
        this.sentences = List.copyOf(sentences);
        this.settings = settings;
        this.draws = new SeededDraws(settings.seed());
        this.order = new ImageDraws(images, draws, settings.seed(), settings.batchSize());
        FlatTensor weights = FlatTensor.zeros(encoder.weights(), TorchDevice.cpu(), DType.F32);
        encoder.initial(settings.seed()).forEach(weights::set);
        Parameters parameters = new Parameters(weights, DType.F32, false);
        long warmup = Math.min(100, settings.steps());
        this.trainee = new Trainee(
                "image_encoder",
                parameters,
                Adam.Options.DEFAULT,
                new Trainee.Terms(
                        new LearningRate(
                                settings.learningRate(), LearningRateSchedule.COSINE, warmup, settings.steps()),
                        CLIP,
                        new MovingAverage(parameters, TorchDevice.cpu()),
                        DECAY,
                        false,
                        gradients -> {}));
    }

    /** What has been learned so far. */
    public TrainedImageEncoder result() {
        return new TrainedImageEncoder(encoder, trainee.result());
    }

    @Override
    public List<Trainee> trainees() {
        return List.of(trainee);
    }

    @Override
    public int samplesPerStep() {
        return settings.batchSize();
    }

    @Override
    public long epoch(long step) {
        return order.epoch(step);
    }

    @Override
    public Map<String, Double> step(long step) {
        Map<String, Double> values = new LinkedHashMap<>();
        try (Region region = Region.open()) {
            learn(step, values);
        }
        if (!trainee.update(step, values)) {
            throw new DivergedException(
                    "the image encoder's gradients are not finite in step %d; lower the learning rate"
                            .formatted(step + 1));
        }
        return values;
    }

    private void learn(long step, Map<String, Double> values) {
        int size = settings.batchSize();
        List<View> views = new ArrayList<>();
        int[] captions = new int[size];
        float[] texts = new float[size * encoder.sentenceWidth()];
        for (int i = 0; i < size; i++) {
            Drawn drawn = order.draw(step, i);
            views.add(new View(
                    images.pictures().get(drawn.entry().picture()),
                    drawn.mirrored(),
                    draws.integer(Use.NOISE, step, 2L * i, -SHIFT, SHIFT),
                    draws.integer(Use.NOISE, step, 2L * i + 1, -SHIFT, SHIFT)));
            captions[i] = drawn.entry().caption();
            System.arraycopy(
                    sentences.get(captions[i]), 0, texts, i * encoder.sentenceWidth(), encoder.sentenceWidth());
        }
        Tape tape = new Tape(false);
        TorchWeights weights = trainee.parameters().weights().on(tape);
        Scope scope = Scope.of(weights);
        TorchTensor pictures =
                (TorchTensor) encoder.features(scope, PictureTensors.of(views, encoder.size(), TorchDevice.cpu()));
        TorchTensor sentences = (TorchTensor)
                encoder.sentences(scope, TorchTensor.of(texts, TorchDevice.cpu(), size, encoder.sentenceWidth()));
        TorchTensor scores =
                pictures.normalized().linear(sentences.normalized(), null).mul(1 / TEMPERATURE);
        TorchTensor targets = targets(captions);
        TorchTensor found = scores.logSoftmax().add(scores.transpose(0, 1).logSoftmax()); // targets are symmetric
        TorchTensor loss = found.mul(targets).mean().mul(-size / 2.0);
        tape.backward(loss, TorchTensor.of(new float[] {1}, TorchDevice.cpu()));
        values.put("loss/contrastive", loss.item());
    }

    /** Row by row the captions that are the same, sharing a sum of 1. */
    private static TorchTensor targets(int[] captions) {
        int size = captions.length;
        float[] same = new float[size * size];
        for (int i = 0; i < size; i++) {
            int count = 0;
            for (int other : captions) {
                count += other == captions[i] ? 1 : 0;
            }
            for (int j = 0; j < size; j++) {
                same[i * size + j] = captions[i] == captions[j] ? 1f / count : 0;
            }
        }
        return TorchTensor.of(same, TorchDevice.cpu(), size, size);
    }
}
