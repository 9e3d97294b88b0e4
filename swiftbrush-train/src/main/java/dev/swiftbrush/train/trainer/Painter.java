package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.network.AutoencoderKl;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.util.ArrayList;
import java.util.List;

/** Turns latents into pictures by a checkpoint's autoencoder, in single precision. Use from one thread. */
public final class Painter {
    private final AutoencoderKl autoencoder;
    private final TorchWeights weights;

    public Painter(Checkpoint checkpoint, TorchDevice device) {
        this.autoencoder = checkpoint.autoencoder();
        this.weights = TorchWeights.frozen(Networks.load(checkpoint.vaeWeights(), autoencoder.weights(), device));
    }

    /**
     * Encodes pictures into means and log variances.
     *
     * @param pictures {@code [B, 3, H, W]} in [-1, 1]
     * @return {@code [B, 2·C, h, w]}, not scaled
     */
    TorchTensor encode(TorchTensor pictures) {
        return (TorchTensor) autoencoder.encode(Scope.of(weights), pictures);
    }

    /** What latents are multiplied with before a UNet sees them. */
    double scalingFactor() {
        return autoencoder.config().scalingFactor();
    }

    /**
     * Decodes latents one by one.
     *
     * @param latents {@code [B, C, h, w]}
     * @return for each sample the bytes of its RGB pixels, row by row
     */
    public List<byte[]> paint(TorchTensor latents) {
        List<byte[]> pictures = new ArrayList<>();
        for (int i = 0; i < latents.size(0); i++) {
            try (NoGrad noGrad = NoGrad.begin();
                    Region region = Region.open()) {
                TorchTensor image = (TorchTensor) autoencoder.decode(
                        Scope.of(weights), latents.narrow(0, i, 1).to(DType.F32));
                pictures.add(image.mul(0.5).add(0.5).clamp(0, 1).toPixels().toBytes());
            }
        }
        return pictures;
    }
}
