package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.PretrainingSettings;
import dev.swiftbrush.train.torch.Adam;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.MovingAverage;
import dev.swiftbrush.train.torch.Parameters;
import dev.swiftbrush.train.torch.TorchTensor;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A network that learns: its parameters and all that an update of them needs. Use from one thread.
 *
 * @see <a href="https://arxiv.org/abs/1710.03740">Mixed Precision Training</a>, on the loss scale
 */
public final class Trainee {
    private static final double LEAST_SCALE = 1;
    private static final double FIRST_SCALE = 65_536;
    private static final int STEADY = 2_000;
    private static final double CLIP_EPS = 1e-6; // as torch.nn.utils.clip_grad_norm_ has it

    private final String name;
    private final Parameters parameters;
    private final Adam adam;
    private final LearningRate rate;
    private final double clip;
    private final @Nullable MovingAverage average;
    private final double decay;
    private final Consumer<TorchTensor> reduction;
    private final boolean scaled;

    private double scale;
    private long sinceScaled;

    /**
     * Everything about how a network learns.
     *
     * @param clip greatest norm of its gradients
     * @param average of its parameters, or null for none
     * @param decay of the average, reached by a ramp
     * @param scaled whether losses are scaled, as half precision needs it
     * @param reduction is given all gradients of a step at once, before anything is done with them: the one place where
     *     those of several processes would be averaged
     */
    public record Terms(
            LearningRate rate,
            double clip,
            @Nullable MovingAverage average,
            double decay,
            boolean scaled,
            Consumer<TorchTensor> reduction) {}

    public Trainee(String name, Parameters parameters, Adam.Options options, Terms terms) {
        this.name = name;
        this.parameters = parameters;
        this.adam = new Adam(parameters, options);
        this.rate = terms.rate();
        this.clip = terms.clip();
        this.average = terms.average();
        this.decay = terms.decay();
        this.scaled = terms.scaled();
        this.reduction = terms.reduction();
        this.scale = scaled ? FIRST_SCALE : 1;
    }

    /** A network by the terms of a pretraining. */
    static Trainee of(String name, FlatTensor weights, PretrainingSettings settings, Means means) {
        Parameters parameters = new Parameters(weights, means.compute(), settings.accumulation() > 1);
        Terms terms = new Terms(
                new LearningRate(
                        settings.learningRate(), settings.schedule(), settings.warmupSteps(), settings.steps()),
                settings.gradientClip(),
                settings.emaDecay() == 0 ? null : new MovingAverage(parameters, means.averageDevice()),
                settings.emaDecay(),
                means.compute() == DType.F16,
                gradients -> {});
        Adam.Options adam = new Adam.Options(settings.adamBeta1(), settings.adamBeta2(), settings.adamEps());
        return new Trainee(name, parameters, adam, terms);
    }

    /** What is to be used of the network: its average, or the parameters themselves where none is kept. */
    public FlatTensor result() {
        return average == null ? parameters.master() : average.average();
    }

    public String name() {
        return name;
    }

    public Parameters parameters() {
        return parameters;
    }

    Adam adam() {
        return adam;
    }

    public @Nullable MovingAverage average() {
        return average;
    }

    /** What losses are to be multiplied by before their gradients are taken. */
    public double scale() {
        return scale;
    }

    void resumeAt(long updates, double scale, long sinceScaled) {
        adam.resumeAt(updates);
        this.scale = scale;
        this.sinceScaled = sinceScaled;
        parameters.publish();
    }

    long sinceScaled() {
        return sinceScaled;
    }

    /**
     * Ends a step: clips the gradients, updates parameters and average, and clears the gradients.
     *
     * @param step from 0
     * @param values told the norm, the rate and whatever else there is to see
     * @return false if the gradients are not finite; nothing is then updated, and they are still there
     */
    public boolean update(long step, Map<String, Double> values) {
        reduction.accept(parameters.flatGradient());
        double norm = parameters.gradientNorm() / scale;
        double learningRate = rate.at(step);
        values.put("grad_norm/" + name, norm);
        values.put("lr/" + name, learningRate);
        if (!Double.isFinite(norm)) {
            return scaled && lowerScale();
        }
        adam.update(learningRate, Math.min(1, clip / (norm + CLIP_EPS)) / scale);
        parameters.clearGradients();
        if (average != null) {
            double decay = decay();
            average.update(decay);
            values.put("ema_decay/" + name, decay);
        }
        if (scaled && ++sinceScaled == STEADY) {
            scale *= 2;
            sinceScaled = 0;
        }
        return true;
    }

    /** After n + 1 updates {@code min(decay, (1 + n) / (10 + n))}; the first update is taken over whole. */
    private double decay() {
        long n = adam.steps() - 1;
        return n == 0 ? 0 : Math.min(decay, (1.0 + n) / (10.0 + n));
    }

    /** Skips this update and tries the next at half the scale; false once that is of no use. */
    private boolean lowerScale() {
        if (scale <= LEAST_SCALE) {
            return false;
        }
        scale /= 2;
        sinceScaled = 0;
        parameters.clearGradients();
        return true;
    }
}
