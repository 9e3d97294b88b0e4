package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.Sinusoid;
import dev.swiftbrush.runtime.network.UNet2DConditionModel;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A one-step model that makes latents, by whichever recipe it has, and decodes them. Nothing of it learns. Use from one thread.
 */
final class OneStepStudent {
    private final UNet2DConditionModel unet;
    private final TorchWeights unetWeights;
    private final Checkpoint checkpoint;
    private final TorchWeights vaeWeights;
    private final OneStep recipe;
    private final Means means;

    OneStepStudent(Checkpoint checkpoint, OneStep recipe, Means means) {
        this.checkpoint = checkpoint;
        this.recipe = recipe;
        this.means = means;
        this.unet = checkpoint.unet();
        this.unetWeights = frozen(Networks.load(checkpoint.unetWeights(), unet.weights(), means.device()), means);
        this.vaeWeights = frozen(
                Networks.load(checkpoint.vaeWeights(), checkpoint.autoencoder().weights(), means.device()), means);
    }

    private static TorchWeights frozen(FlatTensor weights, Means means) {
        FlatTensor there = weights.like(means.device(), means.compute());
        there.copyFrom(weights);
        return TorchWeights.frozen(there);
    }

    /** Latents of prompts in one network call, {@code [B, C, height, width]}, F32. */
    TorchTensor latents(Batch batch, int height, int width) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            TorchTensor noise = batch.normal(Use.LATENTS, unet.config().inChannels(), height, width);
            TorchTensor time = row(Sinusoid.timestep(recipe.timestep(), unet.config()));
            TorchTensor output = (TorchTensor) unet.predict(
                    Scope.of(unetWeights),
                    noise.mul(recipe.inputScale()).to(means.compute()),
                    time,
                    guidance(),
                    batch.states().to(means.compute()));
            return region.pass(
                    noise.mul(recipe.noiseFactor()).add(output.to(DType.F32).mul(recipe.outputFactor())));
        }
    }

    private @Nullable TorchTensor guidance() {
        return recipe.guidance() == null
                ? null
                : row(Sinusoid.guidance(
                        recipe.guidance(), Objects.requireNonNull(unet.config().timeCondProjDim())));
    }

    private TorchTensor row(float[] values) {
        return TorchTensor.of(values, means.device(), 1, values.length).to(means.compute());
    }

    /** What the model's own decoder makes of latents: pictures {@code [B, 3, H, W]} in [-1, 1], F32. */
    TorchTensor pictures(TorchTensor latents) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            TorchTensor found =
                    (TorchTensor) checkpoint.autoencoder().decode(Scope.of(vaeWeights), latents.to(means.compute()));
            return region.pass(found.to(DType.F32).clamp(-1, 1));
        }
    }
}
