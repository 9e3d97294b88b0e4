package dev.swiftbrush.train.objective;

import java.util.function.IntToDoubleFunction;

/** How much a timestep's opinion counts: w(t). */
public enum Weighting {
    /** {@code sigma_t^2}, as published. */
    SIGMA_SQUARED,
    /** 1. */
    UNIFORM;

    IntToDoubleFunction over(Denoiser denoiser) {
        return this == UNIFORM ? t -> 1 : t -> 1 - denoiser.schedule().alphaCumprod(t);
    }
}
