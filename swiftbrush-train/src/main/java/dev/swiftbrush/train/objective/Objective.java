package dev.swiftbrush.train.objective;

import dev.swiftbrush.train.torch.TorchTensor;

/**
 * What a student learns from: a gradient at the latents that it made. An objective may hold a network of its own that
 * learns beside the student; the loop owns its optimiser. Use from one thread.
 */
public interface Objective {

    /**
     * What the student is told.
     *
     * @param loss the objective's value
     * @param gradient of the loss with respect to the latents, in their shape
     */
    record Signal(double loss, TorchTensor gradient) {}

    /**
     * Judges latents that the student made. Notes no gradients.
     *
     * @param latents {@code [B, C, h, w]}, without history
     */
    Signal judge(Batch batch, TorchTensor latents);

    /** The network that learns beside the student, if this objective has one. */
    default boolean learns() {
        return false;
    }

    /**
     * Adds the gradients of the objective's own network on latents that the student made.
     *
     * @param factor multiplies the gradients
     * @return the loss
     */
    default double learn(Batch batch, TorchTensor latents, double factor) {
        throw new UnsupportedOperationException("this objective does not learn");
    }
}
