package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.files.StorageException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Reads pictures of the packages, and writes those of the dataset. */
final class PictureFile {
    static final int SIZE = 64;
    static final int WHITE = 0xFFFFFF;

    private PictureFile() {}

    /**
     * Reads a picture, lays it on white, and averages areas of it to 64x64. What is higher than wide loses as much at its top
     * and bottom.
     *
     * @throws StorageException if it cannot be read, or its width is no multiple of 64
     */
    static BufferedImage read(Path file) {
        BufferedImage picture;
        try {
            picture = ImageIO.read(file.toFile());
        } catch (IOException e) {
            throw StorageException.cannotRead(file, e);
        }
        if (picture == null) {
            throw new StorageException("%s is no picture of a kind that can be read".formatted(file));
        }
        int width = picture.getWidth();
        int top = (picture.getHeight() - width) / 2;
        if (width % SIZE != 0 || top < 0) {
            throw new StorageException("%s should be %d pixels wide or a multiple, and no less high, but is %dx%d"
                    .formatted(file, SIZE, width, picture.getHeight()));
        }
        int[] argb = argb(picture, top, width);
        int block = width / SIZE;
        BufferedImage small = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < SIZE; y++) {
            for (int x = 0; x < SIZE; x++) {
                small.setRGB(x, y, average(argb, width, x * block, y * block, block));
            }
        }
        return small;
    }

    private static int[] argb(BufferedImage picture, int top, int width) {
        if (picture.getColorModel().getColorSpace().getType() != ColorSpace.TYPE_GRAY) {
            return picture.getRGB(0, top, width, width, null, 0, width);
        }
        // getRGB takes grey for linear light and brightens it
        Raster raster = picture.getRaster();
        int[] argb = new int[width * width];
        for (int y = 0; y < width; y++) {
            for (int x = 0; x < width; x++) {
                int grey = raster.getSample(x, top + y, 0);
                int alpha = raster.getNumBands() > 1 ? raster.getSample(x, top + y, 1) : 255;
                argb[y * width + x] = alpha << 24 | grey << 16 | grey << 8 | grey;
            }
        }
        return argb;
    }

    /** The mean colour of a block as it looks on white. */
    private static int average(int[] argb, int width, int left, int top, int block) {
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            long sum = 0;
            for (int y = top; y < top + block; y++) {
                for (int x = left; x < left + block; x++) {
                    int pixel = argb[y * width + x];
                    int alpha = pixel >>> 24;
                    sum += (long) (pixel >> shift & 255) * alpha + 255L * (255 - alpha);
                }
            }
            long whole = 255L * block * block;
            rgb |= (int) ((2 * sum + whole) / (2 * whole)) << shift;
        }
        return rgb;
    }

    static void write(BufferedImage picture, Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            if (!ImageIO.write(picture, "png", file.toFile())) {
                throw new IllegalStateException("every Java platform writes PNG");
            }
        } catch (IOException e) {
            throw StorageException.cannotWrite(file, e);
        }
    }
}
