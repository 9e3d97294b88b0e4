package dev.swiftbrush.train.objective;

import dev.swiftbrush.train.torch.TorchTensor;

/**
 * Score distillation sampling (SDS), the baseline: the teacher's opinion of the noise against the noise itself. It is
 * known to collapse onto few pictures and to over-saturate them.
 *
 * @see <a href="https://arxiv.org/abs/2209.14988">DreamFusion</a>, section 3
 */
public final class ScoreDistillationSampling implements Objective {
    private final ScoreDistillation distillation;

    public ScoreDistillationSampling(Teacher teacher, double guidance, Weighting weighting, int earliest, int latest) {
        this.distillation = new ScoreDistillation(teacher, guidance, weighting, earliest, latest);
    }

    @Override
    public Signal judge(Batch batch, TorchTensor latents) {
        return distillation.judge(batch, latents, (noisy, timesteps, noise) -> noise);
    }
}
