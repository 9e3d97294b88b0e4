package dev.swiftbrush.train.objective;

import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.Tape;
import dev.swiftbrush.train.torch.TorchTensor;

/**
 * Variational score distillation (VSD): the teacher's opinion of the noise against that of a second teacher, which learns
 * the student's own distribution by low-rank adapters on the first one's weights.
 *
 * @see <a href="https://arxiv.org/abs/2305.16213">ProlificDreamer</a>, section 3
 * @see <a href="https://arxiv.org/abs/2312.05239">SwiftBrush</a>, section 3
 */
public final class VariationalScoreDistillation implements Objective {
    private final ScoreDistillation distillation;
    private final Teacher copy;
    private final Adapted adapted;

    /**
     * What is particular to the adapted teacher.
     *
     * @param guidance its guidance scale; the released recipe has the teacher's
     * @param emptyPrompts probability that it learns a sample under the empty prompt
     * @param recomputes whether its blocks are run again instead of being kept
     */
    public record Adapted(double guidance, double emptyPrompts, boolean recomputes) {}

    /**
     * @param teacher the frozen teacher
     * @param copy the same with adapters on
     */
    public VariationalScoreDistillation(
            Teacher teacher,
            Teacher copy,
            double guidance,
            Adapted adapted,
            Weighting weighting,
            int earliest,
            int latest) {
        this.distillation = new ScoreDistillation(teacher, guidance, weighting, earliest, latest);
        this.copy = copy;
        this.adapted = adapted;
    }

    @Override
    public Signal judge(Batch batch, TorchTensor latents) {
        return distillation.judge(
                batch, latents, (noisy, timesteps, noise) -> copy.epsilon(noisy, timesteps, batch, adapted.guidance()));
    }

    @Override
    public boolean learns() {
        return true;
    }

    /** The denoising loss {@code mean(alpha_t^2 · (epsilon_lora - noise)^2)} at timesteps from 0 to T - 1. */
    @Override
    public double learn(Batch batch, TorchTensor latents, double factor) {
        Denoiser denoiser = copy.denoiser();
        try (Region region = Region.open()) {
            int[] timesteps =
                    batch.timesteps(Use.ADAPTER_TIMESTEP, 0, denoiser.schedule().timesteps() - 1);
            TorchTensor noise = batch.normalLike(Use.ADAPTER_NOISE, latents);
            TorchTensor noisy = denoiser.addNoise(latents, noise, timesteps);
            TorchTensor states = batch.withEmptyPrompts(Use.ADAPTER_EMPTY_PROMPT, adapted.emptyPrompts());

            Tape tape = new Tape(adapted.recomputes());
            TorchTensor found = denoiser.epsilon(copy.weights().on(tape), noisy, timesteps, states);
            TorchTensor loss =
                    found.sub(noise).mul(denoiser.alpha(timesteps)).square().mean();
            tape.backward(loss, TorchTensor.of(new float[] {(float) factor}, batch.device()));
            return loss.item();
        }
    }
}
