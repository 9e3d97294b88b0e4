package dev.swiftbrush.runtime.recipe;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * How much noise latents hold at each timestep, from {@code scheduler/scheduler_config.json}. Absent keys mean what they
 * mean to the diffusers class that the file names, to DDIMScheduler if it names none.
 *
 * <p>Betas are single precision and their products double, as PyTorch has them.
 *
 * @see <a href="https://arxiv.org/abs/2006.11239">DDPM</a>, section 2
 */
public final class NoiseSchedule {
    static final int MAX_TIMESTEPS = 100_000;
    private static final int STEPS = 1000;

    private static final Betas OF_DDPM = new Betas(0.0001, 0.02, "linear");
    private static final Betas OF_KARRAS = new Betas(0.00085, 0.012, "linear");
    private static final Betas OF_LATENT_DIFFUSION = new Betas(0.00085, 0.012, "scaled_linear");

    /** Defaults of diffusers 0.42.1. */
    private static final Map<String, Betas> DEFAULTS = Map.ofEntries(
            Map.entry("DDIMScheduler", OF_DDPM),
            Map.entry("DDPMScheduler", OF_DDPM),
            Map.entry("DEISMultistepScheduler", OF_DDPM),
            Map.entry("DPMSolverMultistepScheduler", OF_DDPM),
            Map.entry("DPMSolverSinglestepScheduler", OF_DDPM),
            Map.entry("EulerAncestralDiscreteScheduler", OF_DDPM),
            Map.entry("EulerDiscreteScheduler", OF_DDPM),
            Map.entry("LMSDiscreteScheduler", OF_DDPM),
            Map.entry("PNDMScheduler", OF_DDPM),
            Map.entry("UniPCMultistepScheduler", OF_DDPM),
            Map.entry("HeunDiscreteScheduler", OF_KARRAS),
            Map.entry("KDPM2AncestralDiscreteScheduler", OF_KARRAS),
            Map.entry("KDPM2DiscreteScheduler", OF_KARRAS),
            Map.entry("LCMScheduler", OF_LATENT_DIFFUSION),
            Map.entry("TCDScheduler", OF_LATENT_DIFFUSION));

    /**
     * The variances of the noise that is added from timestep to timestep.
     *
     * @param kind {@code linear} or {@code scaled_linear}
     */
    public record Betas(double start, double end, String kind) {}

    private final Path source;
    private final Betas betas;
    private final double[] alphasCumprod;
    private final Prediction prediction;

    private NoiseSchedule(Path source, Betas betas, double[] alphasCumprod, Prediction prediction) {
        this.source = source;
        this.betas = betas;
        this.alphasCumprod = alphasCumprod;
        this.prediction = prediction;
    }

    public static NoiseSchedule of(JsonFile config) {
        config.requireUnset("trained_betas");
        config.requireOnly("timestep_scaling", 10); // of latent consistency models, and so in their recipe
        config.requireUnset("rescale_betas_zero_snr");
        int timesteps = config.count("num_train_timesteps", MAX_TIMESTEPS).orElse(STEPS);
        Betas asked = betas(config);
        double start = asked.start();
        double end = asked.end();
        if (timesteps < 2) {
            throw config.fault("num_train_timesteps", "at least 2");
        }
        if (!(start > 0 && start <= end && end < 1)) {
            throw new ModelException("%s: 0 < beta_start <= beta_end < 1 must hold, but they were %s and %s"
                    .formatted(config.path(), start, end));
        }
        float[] betas = switch (asked.kind()) {
            case "linear" -> linspace(start, end, timesteps);
            case "scaled_linear" -> squares(linspace(Math.sqrt(start), Math.sqrt(end), timesteps));
            default -> throw config.fault("beta_schedule", "linear or scaled_linear");
        };
        return new NoiseSchedule(
                config.path(),
                asked,
                alphasCumprod(betas),
                Prediction.read(config, "prediction_type").orElse(Prediction.EPSILON));
    }

    /**
     * The schedule that every Stable Diffusion 1.x and 2.x was published with.
     *
     * @param source what has no schedule of its own, named in messages
     */
    public static NoiseSchedule ofStableDiffusion(Path source, Prediction prediction) {
        Betas betas = OF_LATENT_DIFFUSION;
        float[] values = squares(linspace(Math.sqrt(betas.start()), Math.sqrt(betas.end()), STEPS));
        return new NoiseSchedule(source, betas, alphasCumprod(values), prediction);
    }

    /** The file that it was read from. */
    Path source() {
        return source;
    }

    private static Betas betas(JsonFile config) {
        Optional<Betas> defaults = config.text("_class_name")
                .map(name -> Optional.ofNullable(DEFAULTS.get(name)))
                .orElse(Optional.of(OF_DDPM));
        return new Betas(
                config.number("beta_start", 0, 1)
                        .or(() -> defaults.map(Betas::start))
                        .orElseThrow(() -> config.fault("beta_start", "a number")),
                config.number("beta_end", 0, 1)
                        .or(() -> defaults.map(Betas::end))
                        .orElseThrow(() -> config.fault("beta_end", "a number")),
                config.text("beta_schedule")
                        .or(() -> defaults.map(Betas::kind))
                        .orElseThrow(() -> config.fault("beta_schedule", "linear or scaled_linear")));
    }

    public Betas betas() {
        return betas;
    }

    /** T, the number of timesteps of training. */
    public int timesteps() {
        return alphasCumprod.length;
    }

    /** What the UNet was trained to predict. */
    public Prediction prediction() {
        return prediction;
    }

    /**
     * The share of the clean latents' variance that is left at a timestep.
     *
     * @throws ModelException if {@code t} is not a whole number in 0 to T - 1
     */
    public double alphaCumprod(double t) {
        if (t != Math.rint(t) || t < 0 || t >= alphasCumprod.length) {
            throw new ModelException("%s: the schedule has whole timesteps from 0 to %d, but the recipe's was %s"
                    .formatted(source, alphasCumprod.length - 1, t));
        }
        return alphasCumprod[(int) t];
    }

    /** Evenly spaced, counted from the nearer end. */
    private static float[] linspace(double start, double end, int count) {
        float first = (float) start;
        float last = (float) end;
        float step = (last - first) / (count - 1);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i < count / 2 ? first + step * i : last - step * (count - 1 - i);
        }
        return values;
    }

    private static float[] squares(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= values[i];
        }
        return values;
    }

    private static double[] alphasCumprod(float[] betas) {
        double[] result = new double[betas.length];
        double product = 1;
        for (int i = 0; i < betas.length; i++) {
            product *= 1 - betas[i];
            result[i] = (float) product;
        }
        return result;
    }
}
