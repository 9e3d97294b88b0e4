package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.Device;
import dev.swiftbrush.DeviceException;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.Stats;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.reference.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Serving with real networks on the CPU; every kind of trouble is in TextToImageTest, with networks that do as told. */
@Timeout(120)
class ServingTest {
    private static final GenerationRequest CAT = GenerationRequest.of("a cat").withSeed(1);

    @TempDir
    Path folder;

    @Test
    void aPictureDoesNotDependOnWhatItWasJoinedWith() {
        List<GenerationRequest> requests = CAT.variations(8);
        List<byte[]> alone;
        try (SwiftBrush brush = sd2().build()) {
            alone = brush.generateAll(requests).stream()
                    .map(GeneratedImage::rgb)
                    .toList();
            assertThat(brush.stats().networkCalls()).isEqualTo(8);
        }
        PoolOptions batches = PoolOptions.defaults().withMaxBatch(4).withMaxDelay(Duration.ofSeconds(1));
        try (SwiftBrush brush = sd2().pool(batches).build()) {
            List<GeneratedImage> joined = brush.generateAll(requests);
            for (int i = 0; i < joined.size(); i++) {
                assertThat(largestDifference(joined.get(i).rgb(), alone.get(i))).isLessThanOrEqualTo(1);
            }
            assertThat(brush.stats().networkCalls()).isBetween(2L, 4L);
        }
    }

    @Test
    void countsWhatItDoes() {
        try (SwiftBrush brush = sd2().build()) {
            brush.generateAll(CAT.variations(3));
            Stats stats = brush.stats();
            assertThat(stats.completed()).isEqualTo(3);
            assertThat(stats.promptCacheHits()).isEqualTo(2);
            assertThat(stats.latency().count()).isEqualTo(3);
            assertThat(stats.latency().max()).isPositive();
        }
    }

    @Test
    void aTimeoutEndsTheNetworkCallAndTheNextRequestRuns() {
        try (SwiftBrush brush = sd2().build()) {
            assertThatThrownBy(() -> brush.generate(CAT.withSize(512, 512).withTimeout(Duration.ofMillis(20))))
                    .isInstanceOf(DeadlineExceededException.class);
            assertThat(brush.generate(CAT).size().width()).isEqualTo(64);
            assertThat(brush.stats().timedOut()).isEqualTo(1);
        }
    }

    @Test
    void aCancelledFutureFreesItsPlace() throws Exception {
        try (SwiftBrush brush =
                sd2().pool(PoolOptions.defaults().withMaxQueue(1)).build()) {
            CompletableFuture<GeneratedImage> large = brush.generateAsync(CAT.withSize(512, 512));
            while (brush.stats().busy() == 0) {
                Thread.sleep(1);
            }
            assertThat(large.cancel(true)).isTrue();
            assertThat(brush.generate(CAT).size().width()).isEqualTo(64);
            assertThat(brush.stats().cancelled()).isEqualTo(1);
        }
    }

    @Test
    void aModelOverTheLimitIsRefusedBeforeItIsLoaded() {
        assertThatThrownBy(() -> sd2().memoryLimitBytes(100_000).build())
                .isInstanceOf(DeviceException.class)
                .hasMessageMatching(
                        "An image of 64x64 needs about \\d MB for weights and \\d+ MB for a network call, but memoryLimitBytes allows 0 MB; ask for a smaller image, free memory, or set memoryLimitBytes");
    }

    @Test
    void anImageOverTheLimitIsRefusedAndSmallerOnesAreDrawn() {
        try (SwiftBrush brush = sd2().memoryLimitBytes(300L << 20).build()) {
            assertThatThrownBy(() -> brush.generate(CAT.withSize(2048, 2048)))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageStartingWith("An image of 2048x2048 needs about ");
            assertThat(brush.generate(CAT).size().width()).isEqualTo(64);
        }
    }

    @Test
    void freeMemoryIsReadAsLinuxWritesIt() throws Exception {
        assertThat(FreeMemory.available(List.of("MemTotal:  24 kB", "MemAvailable:   16 kB")))
                .isEqualTo(OptionalLong.of(16 * 1024));
        assertThat(FreeMemory.available(List.of("MemFree: 3 kB"))).isEmpty();
        List<String> stat = List.of("anon 100", "inactive_file 200", "active_file 50", "inactive_anon 9");
        assertThat(FreeMemory.left(List.of("1000"), List.of("400"), stat)).isEqualTo(OptionalLong.of(850));
        assertThat(FreeMemory.left(List.of("1000"), List.of("1400"), List.of())).isEqualTo(OptionalLong.of(0));
        assertThat(FreeMemory.left(List.of("max"), List.of("400"), stat)).isEmpty();
        assertThat(FreeMemory.left(List.of(), List.of(), stat)).isEmpty();
        if (Files.exists(Path.of("/proc/meminfo"))) {
            assertThat(FreeMemory.bytes().orElseThrow()).isPositive();
        }
    }

    @Test
    void onnxRuntimeIsKeptFromReporting() throws Exception {
        try (SwiftBrush brush = sd2().build()) {
            assertThat(brush.model().device()).isEqualTo("cpu");
        }
        boolean linux = Files.exists(Path.of("/proc/self"));
        if (linux) {
            assertThat(com.sun.jna.Function.getFunction("c", "getenv")
                            .invokeString(new Object[] {"ORT_DISABLE_TELEMETRY"}, false))
                    .isEqualTo("1");
        }
    }

    private SwiftBrush.Builder sd2() {
        return SwiftBrush.builder()
                .model(Reference.folder("sd2"))
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(folder);
    }

    private static int largestDifference(byte[] a, byte[] b) {
        return Stream.iterate(0, i -> i < a.length, i -> i + 1)
                .mapToInt(i -> Math.abs((a[i] & 0xFF) - (b[i] & 0xFF)))
                .max()
                .orElseThrow();
    }
}
