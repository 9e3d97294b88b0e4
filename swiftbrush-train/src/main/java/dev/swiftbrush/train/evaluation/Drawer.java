package dev.swiftbrush.train.evaluation;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Denoiser;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.objective.Teacher;
import dev.swiftbrush.train.sampler.DpmSolverPlusPlus2M;
import dev.swiftbrush.train.sampler.Spacing;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import dev.swiftbrush.train.trainer.Networks;
import dev.swiftbrush.train.trainer.Painter;
import dev.swiftbrush.train.trainer.TeacherSampling;
import java.nio.file.Path;
import java.util.List;

/**
 * Draws pictures with a checkpoint, on the CPU in single precision. All draw from the same noise: it depends on nothing but the
 * seed and the number of the picture. Use from one thread.
 */
public final class Drawer {
    private final Denoiser denoiser;
    private final TeacherSampling sampling;
    private final Painter painter;
    private final TorchTensor empty;
    private final int scale;

    private Drawer(Path folder, float[] emptyStates, int tokens, int steps, double guidance) {
        Checkpoint checkpoint = Checkpoint.open(folder, false);
        NoiseSchedule schedule = NoiseSchedule.of(JsonFile.read(folder.resolve("scheduler/scheduler_config.json")));
        TorchDevice device = TorchDevice.cpu();
        this.denoiser = new Denoiser(checkpoint.unet(), schedule, schedule.prediction(), device, DType.F32);
        TorchWeights weights = TorchWeights.frozen(
                Networks.load(checkpoint.unetWeights(), checkpoint.unet().weights(), device));
        this.sampling = new TeacherSampling(
                new Teacher(denoiser, weights), new DpmSolverPlusPlus2M(Spacing.TRAILING, true), steps, guidance);
        this.painter = new Painter(checkpoint, device);
        this.empty = TorchTensor.of(emptyStates, device, 1, tokens, emptyStates.length / tokens);
        this.scale = checkpoint.autoencoder().config().scale();
    }

    /**
     * A multi-step model. Its steps are spaced so that the first is from the last timestep, even if it is the only one.
     *
     * @param emptyStates hidden states of the empty prompt
     * @param tokens of a prompt
     * @throws dev.swiftbrush.ModelException if the checkpoint cannot be used
     */
    public static Drawer teacher(Path folder, float[] emptyStates, int tokens, int steps, double guidance) {
        return new Drawer(folder, emptyStates, tokens, steps, guidance);
    }

    /** A student, which takes one step and no guidance; see {@link #teacher}. */
    public static Drawer student(Path folder, float[] emptyStates, int tokens) {
        return new Drawer(folder, emptyStates, tokens, 1, 1);
    }

    /**
     * Draws.
     *
     * @param states hidden states of the prompts, one behind the other
     * @param first number of the first picture
     * @param size of the pictures, in pixels
     * @return for each prompt RGB bytes, row by row
     */
    public List<byte[]> draw(float[] states, long seed, long first, int size) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            long count = states.length / empty.numel();
            TorchTensor prompts = TorchTensor.of(states, denoiser.device(), count, empty.size(1), empty.size(2));
            Batch batch = new Batch(new SeededDraws(seed), denoiser.device(), 0, first, prompts, empty);
            int channels = denoiser.unet().config().inChannels();
            TorchTensor noise = batch.normal(Use.SAMPLE, channels, size / scale, size / scale);
            return painter.paint(sampling.sample(noise, batch));
        }
    }
}
