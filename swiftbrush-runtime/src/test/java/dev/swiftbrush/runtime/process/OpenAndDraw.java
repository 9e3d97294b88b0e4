package dev.swiftbrush.runtime.process;

import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import java.nio.file.Path;
import java.util.Arrays;

/** Opens the model in the first argument with the cache in the second, and says what picture it draws or why it cannot. */
public final class OpenAndDraw {
    private OpenAndDraw() {}

    public static void main(String[] arguments) {
        Path model = Path.of(arguments[0]);
        Path cache = Path.of(arguments[1]);
        String mode = arguments.length > 2 ? arguments[2] : "";
        if (mode.equals("tokenizer")) {
            say(() -> ClipTokenizer.open(model.resolve("tokenizer"), 77).close());
            return;
        }
        if (mode.equals("interrupted")) {
            Thread.currentThread().interrupt();
            say(() -> open(model, cache).close());
            System.out.println("interrupted=" + Thread.interrupted());
        }
        say(() -> {
            try (SwiftBrush brush = open(model, cache)) {
                System.out.println("picture=" + picture(brush));
            }
        });
    }

    static SwiftBrush open(Path model, Path cache) {
        return SwiftBrush.builder()
                .model(model)
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(cache)
                .build();
    }

    /** A picture's fingerprint. */
    static String picture(SwiftBrush brush) {
        byte[] rgb = brush.generate(GenerationRequest.of("a cat").withSeed(3)).rgb();
        return Integer.toHexString(Arrays.hashCode(rgb));
    }

    private static void say(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            System.out.println("failure=" + e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }
}
