package dev.swiftbrush.examples.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One measurement, made in a process of its own so that its peak memory is its own.
 *
 * @param checkpoint a folder in diffusers layout
 * @param work folder for the cache, the graphs of the plain way and the pictures
 * @param size width and height of the image, or null for the model's own
 */
record Job(Kind kind, Path checkpoint, Path work, @Nullable Integer size) {
    static final String PROMPT = "a lighthouse on a cliff at dawn, oil on canvas";
    static final long SEED = 7;

    /** The images that a process draws, by what their times are called. */
    static final List<String> IMAGES = List.of("first", "steady", "steady", "steady");

    /** What is measured. */
    enum Kind {
        EXPORT,
        SWIFTBRUSH,
        LOW_MEMORY,
        INT8,
        TINY_DECODER,
        TINY_DECODER_INT8,
        PLAIN,
        STAGES,
        PEAKS,
        ONE_SESSION,
        FOUR_SESSIONS;

        boolean hasTinyDecoder() {
            return this == TINY_DECODER || this == TINY_DECODER_INT8;
        }

        boolean isInt8() {
            return this == INT8 || this == TINY_DECODER_INT8;
        }
    }

    static Job parse(String... arguments) {
        Integer size = arguments.length > 3 ? Integer.valueOf(arguments[3]) : null;
        return new Job(Kind.valueOf(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]), size);
    }

    List<String> arguments() {
        List<String> required = List.of(kind.name(), checkpoint.toString(), work.toString());
        return size == null ? required : List.of(required.get(0), required.get(1), required.get(2), size.toString());
    }

    /** Where SwiftBrush keeps what it made of the checkpoint. */
    Path cache() {
        return work.resolve(kind == Kind.LOW_MEMORY ? "cache-low-memory" : "cache");
    }

    /** A tiny decoder for the checkpoint's latents. */
    Path tinyDecoder() {
        return work.resolve("tiny-decoder");
    }

    /** A graph of the plain way. */
    Path graph(String name) {
        return work.resolve(name + ".onnx");
    }

    /** Where a way of drawing leaves its last image, {@code [H, W, 3]}. */
    Path picture(Kind kind) {
        return work.resolve(kind.name().toLowerCase(Locale.ROOT) + ".rgb");
    }
}
