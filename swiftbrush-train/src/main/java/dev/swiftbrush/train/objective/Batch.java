package dev.swiftbrush.train.objective;

import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;

/**
 * Prompts of one forward pass, and where its random numbers come from.
 *
 * @param step of the training, from 0
 * @param first number of the first sample within the step
 * @param states hidden states of the prompts, {@code [B, N, D]}
 * @param empty those of the empty prompt, {@code [1, N, D]}
 */
public record Batch(Draws draws, TorchDevice device, long step, long first, TorchTensor states, TorchTensor empty) {

    /** The same prompts with the random numbers of another step. */
    public Batch in(long other) {
        return new Batch(draws, device, other, first, states, empty);
    }

    public int size() {
        return Math.toIntExact(states.size(0));
    }

    /** Standard normal noise {@code [B, C, h, w]}. */
    public TorchTensor normal(Use use, long channels, long height, long width) {
        int count = Math.toIntExact(channels * height * width);
        float[] all = new float[size() * count];
        for (int i = 0; i < size(); i++) {
            System.arraycopy(draws.normal(use, step, first + i, count), 0, all, i * count, count);
        }
        return TorchTensor.of(all, device, size(), channels, height, width);
    }

    /** Noise in the shape of {@code images}. */
    public TorchTensor normalLike(Use use, TorchTensor images) {
        return normal(use, images.size(1), images.size(2), images.size(3));
    }

    /** One timestep a sample, each from {@code low} to {@code high}. */
    public int[] timesteps(Use use, int low, int high) {
        int[] timesteps = new int[size()];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = draws.integer(use, step, first + i, low, high);
        }
        return timesteps;
    }

    /** The prompts, each replaced by the empty one with the probability given. */
    public TorchTensor withEmptyPrompts(Use use, double probability) {
        if (probability == 0) {
            return states;
        }
        float[] kept = new float[size()];
        float[] dropped = new float[size()];
        for (int i = 0; i < kept.length; i++) {
            dropped[i] = draws.chance(use, step, first + i, probability) ? 1 : 0;
            kept[i] = 1 - dropped[i];
        }
        TorchTensor keep = TorchTensor.of(kept, device, kept.length, 1, 1);
        TorchTensor drop = TorchTensor.of(dropped, device, kept.length, 1, 1);
        return states.mul(keep).add(empty.mul(drop));
    }
}
