package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.PretrainingSettings;
import dev.swiftbrush.train.torch.TorchTensor;

/**
 * What a picture loses against the one that it should be.
 *
 * @param loss the weighted sum, which is learned from
 * @param l1 the mean absolute error
 * @param mse the mean squared error
 */
record PictureLoss(TorchTensor loss, TorchTensor l1, TorchTensor mse) {

    /** @param error the difference of pictures {@code [B, 3, H, W]} in [-1, 1], F32 */
    static PictureLoss of(TorchTensor error, PretrainingSettings settings) {
        TorchTensor l1 = error.abs().mean();
        TorchTensor mse = error.square().mean();
        TorchTensor loss = l1.mul(settings.l1Weight()).add(mse.mul(settings.mseWeight()));
        if (settings.edgeWeight() > 0) {
            loss = loss.add(edges(error).mul(settings.edgeWeight()));
        }
        return new PictureLoss(loss, l1, mse);
    }

    /** The mean absolute difference of differences between neighbouring pixels. */
    private static TorchTensor edges(TorchTensor error) {
        long height = error.size(2);
        long width = error.size(3);
        TorchTensor down = error.narrow(2, 1, height - 1).sub(error.narrow(2, 0, height - 1));
        TorchTensor across = error.narrow(3, 1, width - 1).sub(error.narrow(3, 0, width - 1));
        return down.abs().mean().add(across.abs().mean());
    }
}
