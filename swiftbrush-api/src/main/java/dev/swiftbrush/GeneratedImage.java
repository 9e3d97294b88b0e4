package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An image in memory, with what it was made from. Immutable and thread-safe.
 *
 * <p>Its PNG carries the text chunks {@code prompt}, {@code seed} (unsigned), {@code model}, {@code recipe},
 * {@code noise}, {@code licence}, {@code fingerprint} and {@code Software}, as iTXt in UTF-8; {@link #withoutPromptInPng()} leaves the prompt out.
 */
public final class GeneratedImage {

    private static final int CHANNELS = 3;

    private final ImageSize size;
    private final byte[] rgb; // [H, W, 3]
    private final Provenance provenance;
    private final Timings timings;
    private final @Nullable PromptTruncation truncation;
    private final boolean promptInPng;

    private GeneratedImage(
            ImageSize size,
            byte[] rgb,
            Provenance provenance,
            Timings timings,
            @Nullable PromptTruncation truncation,
            boolean promptInPng) {
        this.size = size;
        this.rgb = rgb;
        this.provenance = provenance;
        this.timings = timings;
        this.truncation = truncation;
        this.promptInPng = promptInPng;
    }

    /**
     * Makes an image of pixels; for engines.
     *
     * @param rgb red, green and blue byte of each pixel, row by row from the top, {@code [H, W, 3]}; taken over, not
     *     copied: the caller must not change it afterwards
     * @param truncation what of the prompt had no effect, or null if all of it had
     * @throws IllegalArgumentException if {@code rgb} has not 3 bytes for each pixel, or something else than the
     *     truncation is absent
     */
    public static GeneratedImage of(
            ImageSize size, byte[] rgb, Provenance provenance, Timings timings, @Nullable PromptTruncation truncation) {
        requirePresent(size, "size");
        requirePresent(rgb, "rgb");
        int expected = size.width() * size.height() * CHANNELS; // fits: a side is at most 16384
        requireArgument(
                rgb.length == expected, "rgb must have %d bytes for %s, but had %d", expected, size, rgb.length);
        requirePresent(provenance, "provenance");
        requirePresent(timings, "timings");
        return new GeneratedImage(size, rgb, provenance, timings, truncation, true);
    }

    /** Returns the pixels in a row. */
    public int width() {
        return size.width();
    }

    /** Returns the number of rows. */
    public int height() {
        return size.height();
    }

    /** Returns width and height. */
    public ImageSize size() {
        return size;
    }

    /** Returns a copy of the pixels: red, green and blue byte of each, row by row from the top, {@code [H, W, 3]}. */
    public byte[] rgb() {
        return rgb.clone();
    }

    /** Returns a copy of the image as {@link BufferedImage#TYPE_3BYTE_BGR}, which the caller may draw on. */
    public BufferedImage toBufferedImage() {
        BufferedImage copy = new BufferedImage(width(), height(), BufferedImage.TYPE_3BYTE_BGR);
        copy.getRaster().setDataElements(0, 0, width(), height(), rgb); // elements are in the order of bands: R, G, B
        return copy;
    }

    /** Returns the image as the bytes of a PNG file. */
    public byte[] toPngBytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            writePng(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return out.toByteArray();
    }

    /**
     * Writes the image as a PNG file, replacing a file that is there; another reader sees the old file or the new one,
     * never a part.
     *
     * @param file in a folder that exists
     * @throws SwiftBrushException if the file cannot be written; nothing half-written is left
     */
    public void writePng(Path file) {
        AtomicFile.write(requirePresent(file, "file"), this::writePng);
    }

    private void writePng(OutputStream out) throws IOException {
        Png.write(view(), pngTexts(), out);
    }

    /** Returns the pixels themselves as an image: for reading only. */
    private BufferedImage view() {
        WritableRaster pixels = Raster.createInterleavedRaster(
                new DataBufferByte(rgb, rgb.length),
                width(),
                height(),
                width() * CHANNELS,
                CHANNELS,
                new int[] {0, 1, 2},
                null);
        ColorModel colors = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_sRGB), false, false, ColorModel.OPAQUE, DataBuffer.TYPE_BYTE);
        return new BufferedImage(colors, pixels, false, null);
    }

    private Map<String, String> pngTexts() {
        Map<String, String> texts = new LinkedHashMap<>();
        if (promptInPng) {
            texts.put("prompt", prompt());
        }
        texts.put("seed", Long.toUnsignedString(seed()));
        texts.put("model", provenance.model());
        texts.put("recipe", provenance.recipe());
        texts.put("noise", provenance.noise());
        texts.put("licence", provenance.licence());
        texts.put("fingerprint", provenance.fingerprint());
        texts.put("Software", "SwiftBrush for Java " + SdkVersion.current());
        return texts;
    }

    /** Returns the same image, whose PNG does not tell the prompt; {@link #prompt()} still does. */
    public GeneratedImage withoutPromptInPng() {
        return new GeneratedImage(size, rgb, provenance, timings, truncation, false);
    }

    /** Returns the seed that the image was made from, an unsigned 64-bit number, also when SwiftBrush drew it. */
    public long seed() {
        return provenance.seed();
    }

    /** Returns the prompt that the image was made from. */
    public String prompt() {
        return provenance.prompt();
    }

    /** Returns what the image was made from. */
    public Provenance provenance() {
        return provenance;
    }

    /** Returns where the time went. */
    public Timings timings() {
        return timings;
    }

    /** Returns what of the prompt had no effect because it was too long, or nothing if all of it had. */
    public Optional<PromptTruncation> truncation() {
        return Optional.ofNullable(truncation);
    }

    /** Returns size, seed and model, fit for a log: the prompt is not in it. */
    @Override
    public String toString() {
        return "GeneratedImage[" + size + ", seed=" + Long.toUnsignedString(seed()) + ", model=" + provenance.model()
                + "]";
    }
}
