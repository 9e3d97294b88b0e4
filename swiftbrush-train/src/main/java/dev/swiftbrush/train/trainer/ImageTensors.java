package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.trainer.ImageDraws.Drawn;
import java.util.List;

/** Pictures as an autoencoder takes them. */
final class ImageTensors {
    private ImageTensors() {}

    /** Pictures {@code [B, 3, H, W]} with values in [-1, 1]. */
    static TorchTensor of(CaptionedImages images, List<Drawn> drawn, TorchDevice device) {
        int area = images.width() * images.height();
        float[] values = new float[drawn.size() * 3 * area];
        for (int i = 0; i < drawn.size(); i++) {
            byte[] rgb = images.pictures().get(drawn.get(i).entry().picture());
            for (int y = 0; y < images.height(); y++) {
                for (int x = 0; x < images.width(); x++) {
                    int from = drawn.get(i).mirrored() ? images.width() - 1 - x : x;
                    int at = i * 3 * area + y * images.width() + x;
                    int pixel = 3 * (y * images.width() + from);
                    for (int channel = 0; channel < 3; channel++) {
                        values[at + channel * area] = (rgb[pixel + channel] & 0xFF) / 127.5f - 1;
                    }
                }
            }
        }
        return TorchTensor.of(values, device, drawn.size(), 3, images.height(), images.width());
    }
}
