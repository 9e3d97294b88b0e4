package dev.swiftbrush.runtime.recipe;

import org.jspecify.annotations.Nullable;

/**
 * A recipe with its numbers filled in. Every one-step recipe is linear in the noise z and the UNet's output:
 *
 * <pre>x0 = noiseFactor · z + outputFactor · unet(inputScale · z, timestep, prompt)</pre>
 *
 * @param guidance the guidance scale that the UNet embeds, or null if it embeds none
 */
public record OneStep(
        double timestep,
        double inputScale,
        double noiseFactor,
        double outputFactor,
        @Nullable Double guidance) {}
