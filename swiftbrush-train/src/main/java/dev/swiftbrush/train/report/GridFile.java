package dev.swiftbrush.train.report;

import java.awt.Dimension;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** A PNG of sample pictures, read within limits. */
final class GridFile {

    private static final long MAX_BYTES = 64 << 20;
    private static final long MAX_PIXELS = 100_000_000;

    private GridFile() {}

    /** Width and height; no pixel is read. */
    static Dimension size(Path png) throws IOException {
        long bytes = Files.size(png);
        if (bytes > MAX_BYTES) {
            throw new IOException("it has %d bytes; at most %d are read".formatted(bytes, MAX_BYTES));
        }
        try (ImageInputStream in = ImageIO.createImageInputStream(png.toFile())) {
            Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName("png");
            if (in == null || !readers.hasNext()) {
                throw new IOException("ImageIO has no reader for it");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in);
                return new Dimension(reader.getWidth(0), reader.getHeight(0));
            } finally {
                reader.dispose();
            }
        }
    }

    /**
     * The picture as a {@code data:} address: the file itself if it has at most {@code maxBytes}, or else a JPEG of at most {@code
     * maxSide} pixels a side.
     */
    static String dataAddress(Path png, long maxBytes, int maxSide) throws IOException {
        Dimension size = size(png);
        if ((long) size.width * size.height > MAX_PIXELS) {
            throw new IOException(
                    "it has %d x %d pixels; at most %d are read".formatted(size.width, size.height, MAX_PIXELS));
        }
        if (Files.size(png) <= maxBytes) {
            return address("png", Files.readAllBytes(png));
        }
        BufferedImage image = ImageIO.read(png.toFile());
        double scale = Math.min(1, (double) maxSide / Math.max(size.width, size.height));
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
        BufferedImage shrunk =
                Pictures.shrink(image, Math.max(1, (int) Math.round(size.width * scale)), Math.max(1, (int)
                        Math.round(size.height * scale)));
        if (!ImageIO.write(shrunk, "jpeg", jpeg)) {
            throw new IOException("ImageIO has no JPEG writer");
        }
        return address("jpeg", jpeg.toByteArray());
    }

    private static String address(String type, byte[] bytes) {
        return "data:image/%s;base64,%s".formatted(type, Base64.getEncoder().encodeToString(bytes));
    }
}
