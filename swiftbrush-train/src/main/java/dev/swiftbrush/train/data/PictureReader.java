package dev.swiftbrush.train.data;

import dev.swiftbrush.train.files.StorageException;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Reads picture files into one size: composited on a background, cropped to the shape wanted, and averaged or blended to the
 * size. Thread-safe.
 *
 * @param background 0xRRGGBB
 */
record PictureReader(int width, int height, int background) {
    private static final long MOST_PIXELS = 64L << 20;

    /** @return RGB bytes, row by row */
    byte[] read(Path file) {
        try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                throw new StorageException(
                        "%s is no picture of a kind that Java reads (PNG, JPEG, GIF, BMP)".formatted(file));
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in, true, true);
                long pixels = (long) reader.getWidth(0) * reader.getHeight(0); // known before anything is decoded
                if (pixels > MOST_PIXELS) {
                    throw new StorageException(
                            "%s has %d pixels; at most %d are read".formatted(file, pixels, MOST_PIXELS));
                }
                return bytes(fit(reader.read(0)));
            } finally {
                reader.dispose();
            }
        } catch (IOException
                | IllegalArgumentException
                | IndexOutOfBoundsException e) { // readers throw these at bad data
            throw new StorageException("%s cannot be read as a picture: %s".formatted(file, e.getMessage()), e);
        }
    }

    private BufferedImage fit(BufferedImage source) {
        double scale = Math.max((double) width / source.getWidth(), (double) height / source.getHeight());
        BufferedImage picture = canvas(source.getWidth(), source.getHeight());
        draw(picture, source, 0, 0, source.getWidth(), source.getHeight());
        while (scale <= 0.5) { // by halves, so that no pixel goes unseen
            BufferedImage half = canvas((picture.getWidth() + 1) / 2, (picture.getHeight() + 1) / 2);
            draw(half, picture, 0, 0, half.getWidth(), half.getHeight());
            picture = half;
            scale = Math.max((double) width / picture.getWidth(), (double) height / picture.getHeight());
        }
        int across = (int) Math.round(picture.getWidth() * scale);
        int down = (int) Math.round(picture.getHeight() * scale);
        BufferedImage result = canvas(width, height);
        draw(result, picture, (width - across) / 2, (height - down) / 2, across, down);
        return result;
    }

    private BufferedImage canvas(int across, int down) {
        return new BufferedImage(across, down, BufferedImage.TYPE_INT_RGB);
    }

    private void draw(BufferedImage target, BufferedImage source, int x, int y, int across, int down) {
        Graphics2D graphics = target.createGraphics();
        try {
            graphics.setColor(new Color(background));
            graphics.fillRect(0, 0, target.getWidth(), target.getHeight());
            graphics.setRenderingHint(
                    RenderingHints.KEY_INTERPOLATION,
                    across == source.getWidth() && down == source.getHeight()
                            ? RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR
                            : RenderingHints.VALUE_INTERPOLATION_BILINEAR);
            graphics.drawImage(source, x, y, across, down, null);
        } finally {
            graphics.dispose();
        }
    }

    private byte[] bytes(BufferedImage picture) {
        byte[] rgb = new byte[3 * width * height];
        int[] row = new int[width];
        int at = 0;
        for (int y = 0; y < height; y++) {
            picture.getRGB(0, y, width, 1, row, 0, width);
            for (int pixel : row) {
                rgb[at++] = (byte) (pixel >> 16);
                rgb[at++] = (byte) (pixel >> 8);
                rgb[at++] = (byte) pixel;
            }
        }
        return rgb;
    }
}
