package dev.swiftbrush.runtime.process;

import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens and closes the model in the first argument as often as the third says, draws as many images as the fourth says, and
 * prints the memory of its process before and after, and what one open model takes.
 */
public final class OpenCloseAndDraw {
    private static final int AT_ONCE = 3;
    private static final int SIDE = 128; // a picture of 48 KB, 96 MB for 2,000: more than a process grows by itself

    private OpenCloseAndDraw() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path model = Path.of(arguments[0]);
        Path cache = Path.of(arguments[1]);
        int opens = Integer.parseInt(arguments[2]);
        int images = Integer.parseInt(arguments[3]);

        openAndClose(model, cache, Math.max(AT_ONCE, opens / 2)); // a JVM grows until it has compiled what is hot
        draw(model, cache, images / 2);
        long start = residentBytes();
        openAndClose(model, cache, opens);
        long opened = residentBytes();
        draw(model, cache, images);
        long end = residentBytes();

        List<SwiftBrush> open = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            open.add(OpenAndDraw.open(model, cache));
        }
        long held = residentBytes();
        open.forEach(SwiftBrush::close);
        System.out.println("start=" + start);
        System.out.println("opened=" + opened);
        System.out.println("end=" + end);
        System.out.println("one=" + (held - end) / AT_ONCE);
    }

    private static void openAndClose(Path model, Path cache, int times) {
        for (int i = 0; i < times; i++) {
            OpenAndDraw.open(model, cache).close(); // warming up draws an image
        }
    }

    private static void draw(Path model, Path cache, int images) {
        try (SwiftBrush brush = OpenAndDraw.open(model, cache)) {
            for (int i = 0; i < images; i++) {
                brush.generate(
                        GenerationRequest.of("a cat " + i % 300).withSeed(i).withSize(SIDE, SIDE));
            }
        }
    }

    private static long residentBytes() throws IOException, InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc(); // direct buffers go with their objects
            Thread.sleep(50);
        }
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")) * 1024)
                .findFirst()
                .orElseThrow();
    }
}
