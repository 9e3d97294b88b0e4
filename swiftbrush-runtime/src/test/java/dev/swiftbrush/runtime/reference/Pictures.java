package dev.swiftbrush.runtime.reference;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** The pictures of a case through the public API alone, from a folder on disk. */
final class Pictures {
    private Pictures() {}

    /**
     * How far pixels are from the reference's, in levels of 255.
     *
     * @param largest the largest difference of a byte
     * @param mean over all bytes
     */
    record Difference(int largest, double mean) {}

    static SwiftBrush open(Path folder, String recipe, Path cache) {
        return SwiftBrush.builder()
                .model(folder)
                .recipe(recipe)
                .device(Device.cpu())
                .cacheDirectory(cache)
                .build();
    }

    /** All pictures of the case, one behind the other. */
    static byte[] pixels(SwiftBrush brush, Reference.Case expected) {
        ByteBuffer pixels = ByteBuffer.allocate(expected.bytes("pixels").remaining());
        for (int i = 0; i < expected.prompts().size(); i++) {
            GeneratedImage image =
                    brush.generate(GenerationRequest.of(expected.prompts().get(i))
                            .withSeed(expected.seeds().get(i))
                            .withSize(expected.width(), expected.height()));
            pixels.put(image.rgb());
        }
        if (pixels.hasRemaining()) {
            throw new AssertionError("the reference has %d bytes more".formatted(pixels.remaining()));
        }
        return pixels.array();
    }

    static Difference difference(byte[] pixels, ByteBuffer reference) {
        int largest = 0;
        double sum = 0;
        for (byte pixel : pixels) {
            int difference = Math.abs((pixel & 0xFF) - (reference.get() & 0xFF));
            largest = Math.max(largest, difference);
            sum += difference;
        }
        return new Difference(largest, sum / pixels.length);
    }
}
