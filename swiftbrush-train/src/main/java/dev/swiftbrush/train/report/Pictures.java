package dev.swiftbrush.train.report;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;

/** Pictures as Java draws them. */
final class Pictures {

    private Pictures() {}

    /** @param rgb {@code [height, width, 3]} */
    static BufferedImage image(byte[] rgb, int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int[] row = new int[width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = 3 * (y * width + x);
                row[x] = (rgb[at] & 0xff) << 16 | (rgb[at + 1] & 0xff) << 8 | rgb[at + 2] & 0xff;
            }
            image.setRGB(0, y, width, 1, row, 0, width);
        }
        return image;
    }

    /** Scales down by halves, for a bilinear filter looks at four pixels only. */
    static BufferedImage shrink(BufferedImage image, int width, int height) {
        BufferedImage shrunk = image;
        while (shrunk.getWidth() > 2 * width && shrunk.getHeight() > 2 * height) {
            shrunk = bilinear(shrunk, shrunk.getWidth() / 2, shrunk.getHeight() / 2);
        }
        return bilinear(shrunk, width, height);
    }

    private static BufferedImage bilinear(BufferedImage image, int width, int height) {
        BufferedImage scaled = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = scaled.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.drawImage(image, 0, 0, width, height, null);
        graphics.dispose();
        return scaled;
    }
}
