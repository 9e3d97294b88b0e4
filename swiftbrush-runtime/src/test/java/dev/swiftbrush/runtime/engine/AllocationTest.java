package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.reference.Reference;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an image takes of the Java heap once everything is warm: its bytes, and nothing else of its size. */
@Timeout(120)
class AllocationTest {
    private static final Logger log = LoggerFactory.getLogger(AllocationTest.class);
    private static final int SIDE = 256;
    private static final int IMAGES = 20;
    private static final long PICTURE = SIDE * SIDE * 3;
    private static final long NOISE = 4 * (SIDE / 4) * (SIDE / 4) * Float.BYTES;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void anImageTakesItsOwnBytesOfTheHeapAndNoArraysOfFloats(@TempDir Path cache) {
        long bytes = bytesAnImage(cache);
        log.info(
                "An image of {}x{} takes {} bytes of the Java heap, {} of them its pixels", SIDE, SIDE, bytes, PICTURE);
        assertThat(bytes - PICTURE).isBetween(0L, NOISE / 2);
    }

    /** On the thread that draws and the one that waits for it. */
    private long bytesAnImage(Path cache) {
        try (SwiftBrush brush = open(cache)) {
            draw(brush, 5);
            long drawing = idOf("swiftbrush-cpu-1");
            long before = allocated(drawing);
            draw(brush, IMAGES);
            return (allocated(drawing) - before) / IMAGES;
        }
    }

    private long allocated(long drawing) {
        return threads.getThreadAllocatedBytes(drawing)
                + threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    private static void draw(SwiftBrush brush, int images) {
        for (int i = 0; i < images; i++) {
            brush.generate(GenerationRequest.of("a cat").withSeed(i).withSize(SIDE, SIDE));
        }
    }

    private static long idOf(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(name))
                .mapToLong(Thread::getId)
                .max() // of an earlier test's, which is about to end, the number is lower
                .orElseThrow();
    }

    private static SwiftBrush open(Path cache) {
        return SwiftBrush.builder()
                .model(Reference.folder("sd2"))
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(cache)
                .build();
    }
}
