package dev.swiftbrush.train.report;

import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pictures side by side in cells of one size, each with a caption beneath. A picture of another size is scaled to fit its
 * cell: without blending when it is smaller, so that pixels stay pixels. Immutable and thread-safe.
 *
 * @param columns how many cells a row has
 * @param cellPixels width and height of a cell, without its caption
 */
public record ImageGrid(int columns, int cellPixels) {

    private static final Logger log = LoggerFactory.getLogger(ImageGrid.class);

    private static final int MOST_PIXELS = 100_000_000;
    private static final int GAP = 8;
    private static final int CAPTION_LINES = 2;
    private static final int LINE_HEIGHT = 15;
    private static final int FONT_SIZE = 12;
    private static final Color BACKGROUND = new Color(0xf4f4f2);
    private static final Color INK = new Color(0x3a3a38);

    /**
     * @throws IllegalArgumentException if a number is out of its range
     */
    public ImageGrid {
        require(columns >= 1 && columns <= 100, "columns must be from 1 to 100, but was %d", columns);
        require(cellPixels >= 16 && cellPixels <= 2048, "cellPixels must be from 16 to 2048, but was %d", cellPixels);
    }

    /**
     * A picture of a grid.
     *
     * @param rgb red, green and blue of each pixel, {@code [height, width, 3]}; not copied
     * @param caption nothing is written beneath if it is blank
     */
    public record Picture(byte[] rgb, int width, int height, String caption) {

        /**
         * @throws IllegalArgumentException if the bytes are not of that size
         */
        public Picture {
            require(
                    width > 0 && height > 0 && (long) width * height <= MOST_PIXELS,
                    "a picture must have from 1 to %d pixels, but was %d x %d",
                    MOST_PIXELS,
                    width,
                    height);
            require(
                    rgb.length == 3L * width * height,
                    "a picture of %d x %d has %d bytes, but %d were given",
                    width,
                    height,
                    3L * width * height,
                    rgb.length);
        }
    }

    /**
     * Writes the pictures row by row as a PNG, whole or not at all.
     *
     * @throws IllegalArgumentException if there is no picture, or the grid would have over 100 million pixels
     * @throws SwiftBrushException if the file cannot be written
     */
    public void write(Path png, List<Picture> pictures) {
        AtomicFile.write(png, png(draw(pictures)));
    }

    private BufferedImage draw(List<Picture> pictures) {
        require(!pictures.isEmpty(), "a grid needs at least one picture");
        boolean captions =
                pictures.stream().anyMatch(picture -> !picture.caption().isBlank());
        int rows = (pictures.size() + columns - 1) / columns;
        int across = Math.min(columns, pictures.size());
        int cellHeight = cellPixels + (captions ? CAPTION_LINES * LINE_HEIGHT + GAP / 2 : 0);
        long width = GAP + (long) across * (cellPixels + GAP);
        long height = GAP + (long) rows * (cellHeight + GAP);
        require(
                width * height <= MOST_PIXELS,
                "%d pictures make a grid of %d x %d pixels, more than %d; use fewer or smaller cells",
                pictures.size(),
                width,
                height,
                MOST_PIXELS);
        BufferedImage grid = new BufferedImage((int) width, (int) height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = grid.createGraphics();
        graphics.setColor(BACKGROUND);
        graphics.fillRect(0, 0, grid.getWidth(), grid.getHeight());
        for (int i = 0; i < pictures.size(); i++) {
            int x = GAP + i % columns * (cellPixels + GAP);
            int y = GAP + i / columns * (cellHeight + GAP);
            place(graphics, pictures.get(i), x, y);
        }
        if (captions) {
            try {
                write(graphics, pictures, cellHeight);
            } catch (RuntimeException | LinkageError | InternalError e) {
                log.warn("A sample grid has no captions, for Java found no fonts; install fontconfig and a font", e);
            }
        }
        graphics.dispose();
        return grid;
    }

    private void place(Graphics2D graphics, Picture picture, int x, int y) {
        double scale = Math.min((double) cellPixels / picture.width(), (double) cellPixels / picture.height());
        int width = Math.max(1, (int) Math.round(picture.width() * scale));
        int height = Math.max(1, (int) Math.round(picture.height() * scale));
        BufferedImage image = Pictures.image(picture.rgb(), picture.width(), picture.height());
        int left = x + (cellPixels - width) / 2;
        int top = y + (cellPixels - height) / 2;
        if (scale < 1) {
            graphics.drawImage(Pictures.shrink(image, width, height), left, top, null);
        } else {
            graphics.setRenderingHint(
                    RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
            graphics.drawImage(image, left, top, width, height, null);
        }
    }

    private void write(Graphics2D graphics, List<Picture> pictures, int cellHeight) {
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE));
        graphics.setColor(INK);
        for (int i = 0; i < pictures.size(); i++) {
            int x = GAP + i % columns * (cellPixels + GAP);
            int baseline = GAP + i / columns * (cellHeight + GAP) + cellPixels + LINE_HEIGHT;
            for (String line : Caption.lines(
                    pictures.get(i).caption(),
                    CAPTION_LINES,
                    cellPixels,
                    text -> graphics.getFontMetrics().stringWidth(text))) {
                graphics.drawString(line, x, baseline);
                baseline += LINE_HEIGHT;
            }
        }
    }

    private static byte[] png(BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, "png", bytes)) {
                throw new SwiftBrushException(
                        "No PNG writer; the java.desktop module of the JDK has one, was it deregistered from ImageIO?");
            }
        } catch (IOException e) {
            throw new IllegalStateException("a stream into memory failed", e);
        }
        return bytes.toByteArray();
    }

    private static void require(boolean condition, String message, Object... figures) {
        if (!condition) {
            throw new IllegalArgumentException(message.formatted(figures));
        }
    }
}
