package dev.swiftbrush;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Images for tests. */
final class TestImages {

    static final Fingerprint FINGERPRINT = new Fingerprint(new TreeMap<>(Map.of("recipe", "0".repeat(64))));

    static final Timings TIMINGS = new Timings(
            Duration.ZERO,
            Duration.ofMillis(1),
            Duration.ofMillis(2),
            Duration.ofMillis(3),
            Duration.ofMillis(4),
            Duration.ofMillis(10));

    static final Stats.Latencies LATENCIES = new Stats.Latencies(
            10, Duration.ofMillis(50), Duration.ofMillis(95), Duration.ofMillis(99), Duration.ofMillis(100));

    private TestImages() {}

    static GeneratedImage grey(ImageSize size, String prompt, long seed) {
        byte[] rgb = new byte[size.width() * size.height() * 3];
        Arrays.fill(rgb, (byte) 128);
        return of(size, rgb, prompt, seed);
    }

    /** Every pixel and channel has another value than its neighbours. */
    static GeneratedImage coloured(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 37);
        }
        return of(new ImageSize(width, height), rgb, "a red fox", 42);
    }

    static GeneratedImage prompted(String prompt) {
        return grey(new ImageSize(2, 1), prompt, 42);
    }

    private static GeneratedImage of(ImageSize size, byte[] rgb, String prompt, long seed) {
        Provenance provenance =
                new Provenance(prompt, seed, "tiny", "swiftbrush", "TORCH_CPU", "mit", FINGERPRINT.sha256());
        return GeneratedImage.of(size, rgb, provenance, TIMINGS, null);
    }
}
