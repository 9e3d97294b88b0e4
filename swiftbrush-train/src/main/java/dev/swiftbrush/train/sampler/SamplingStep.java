package dev.swiftbrush.train.sampler;

/**
 * One step of a sampler. Everything is linear in the latents x, the UNet's output, and the clean latents that the step
 * before this one estimated:
 *
 * <pre>
 * x0     = x0OfSample · x + x0OfOutput · unet(x, timestep)
 * x_next = sample · x + x0 · x0 + previousX0 · x0 of the step before
 * </pre>
 *
 * The first step's {@code previousX0} is 0.
 */
public record SamplingStep(
        int timestep, double x0OfSample, double x0OfOutput, double sample, double x0, double previousX0) {}
