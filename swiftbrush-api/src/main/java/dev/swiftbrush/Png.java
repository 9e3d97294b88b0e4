package dev.swiftbrush;

import java.awt.image.RenderedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes a PNG with text chunks. */
final class Png {

    private static final String NATIVE_FORMAT = "javax_imageio_png_1.0";
    private static final int REPLACEMENT = 0xFFFD;

    private Png() {}

    /**
     * Writes {@code image}, with each text as an uncompressed iTXt chunk in UTF-8 before the pixels.
     *
     * @param texts by keyword; U+0000 and surrogates without their other half, which iTXt cannot hold, become U+FFFD
     */
    static void write(RenderedImage image, Map<String, String> texts, OutputStream out) throws IOException {
        ImageWriter writer = writer();
        try (MemoryCacheImageOutputStream buffered = new MemoryCacheImageOutputStream(out)) {
            IIOMetadata metadata =
                    writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(image), null);
            metadata.mergeTree(NATIVE_FORMAT, tree(texts));
            writer.setOutput(buffered);
            writer.write(new IIOImage(image, null, metadata));
        } finally {
            writer.dispose();
        }
    }

    /**
     * Returns a writer that knows the JDK's metadata format; plug-ins on the class path may add writers that do not.
     */
    private static ImageWriter writer() {
        Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName("png");
        while (writers.hasNext()) {
            ImageWriter writer = writers.next();
            if (NATIVE_FORMAT.equals(writer.getOriginatingProvider().getNativeImageMetadataFormatName())) {
                return writer;
            }
        }
        throw new SwiftBrushException("No PNG writer with the metadata format " + NATIVE_FORMAT
                + "; the java.desktop module of the JDK has one, was it deregistered from ImageIO?");
    }

    private static IIOMetadataNode tree(Map<String, String> texts) {
        IIOMetadataNode chunks = new IIOMetadataNode("iTXt");
        texts.forEach((keyword, text) -> {
            IIOMetadataNode entry = new IIOMetadataNode("iTXtEntry");
            entry.setAttribute("keyword", keyword);
            entry.setAttribute("compressionFlag", "FALSE");
            entry.setAttribute("compressionMethod", "0");
            entry.setAttribute("languageTag", "");
            entry.setAttribute("translatedKeyword", "");
            entry.setAttribute("text", encodable(text));
            chunks.appendChild(entry);
        });
        IIOMetadataNode root = new IIOMetadataNode(NATIVE_FORMAT);
        root.appendChild(chunks);
        return root;
    }

    private static String encodable(String text) {
        StringBuilder kept = new StringBuilder(text.length());
        text.codePoints().map(c -> isEncodable(c) ? c : REPLACEMENT).forEach(kept::appendCodePoint);
        return kept.toString();
    }

    private static boolean isEncodable(int codePoint) {
        return codePoint != 0 && (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE);
    }
}
