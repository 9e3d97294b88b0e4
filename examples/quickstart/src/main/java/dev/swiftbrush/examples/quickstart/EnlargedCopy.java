package dev.swiftbrush.examples.quickstart;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.SwiftBrushException;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import javax.imageio.ImageIO;

/** A picture too small to be looked at on a screen, once more and larger. */
final class EnlargedCopy {
    private static final int LARGE = 256;
    private static final int ENLARGED = 512;

    private EnlargedCopy() {}

    /**
     * Writes a copy beside a picture that is smaller than 256x256, as {@code name-enlarged.png}.
     *
     * @param out where the picture itself is
     * @return the copy, if one was written
     */
    static Optional<Path> write(GeneratedImage image, Path out) {
        int side = Math.max(image.width(), image.height());
        if (side >= LARGE) {
            return Optional.empty();
        }
        int factor = ENLARGED / side;
        String name = out.getFileName().toString().replaceFirst("(?i)\\.png$", "") + "-enlarged.png";
        Path copy = out.resolveSibling(name);
        try {
            ImageIO.write(enlarge(image, factor), "png", copy.toFile());
        } catch (IOException e) {
            throw new SwiftBrushException("%s cannot be written: %s".formatted(copy, e.getMessage()), e);
        }
        return Optional.of(copy);
    }

    private static BufferedImage enlarge(GeneratedImage image, int factor) {
        int width = image.width() * factor;
        int height = image.height() * factor;
        BufferedImage enlarged = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = enlarged.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        graphics.drawImage(image.toBufferedImage(), 0, 0, width, height, null);
        graphics.dispose();
        return enlarged;
    }
}
