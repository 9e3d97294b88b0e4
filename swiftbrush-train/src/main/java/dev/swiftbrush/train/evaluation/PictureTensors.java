package dev.swiftbrush.train.evaluation;

import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import java.util.List;

/** Pictures as an encoder takes them. */
final class PictureTensors {
    private PictureTensors() {}

    /**
     * How a picture is looked at.
     *
     * @param rgb bytes, row by row
     * @param right pixels by which it is moved, white coming in
     * @param down the same
     */
    record View(byte[] rgb, boolean mirrored, int right, int down) {
        static View plain(byte[] rgb) {
            return new View(rgb, false, 0, 0);
        }
    }

    /** {@code [B, 3, size, size]} with values in [-1, 1]. */
    static TorchTensor of(List<View> views, int size, TorchDevice device) {
        int area = size * size;
        float[] values = new float[views.size() * 3 * area];
        for (int i = 0; i < views.size(); i++) {
            View view = views.get(i);
            for (int y = 0; y < size; y++) {
                for (int x = 0; x < size; x++) {
                    int fromX = (view.mirrored() ? size - 1 - x : x) - view.right();
                    int fromY = y - view.down();
                    boolean inside = fromX >= 0 && fromX < size && fromY >= 0 && fromY < size;
                    int at = i * 3 * area + y * size + x;
                    for (int channel = 0; channel < 3; channel++) {
                        int level = inside ? view.rgb()[3 * (fromY * size + fromX) + channel] & 0xFF : 255;
                        values[at + channel * area] = level / 127.5f - 1;
                    }
                }
            }
        }
        return TorchTensor.of(values, device, views.size(), 3, size, size);
    }
}
