package dev.swiftbrush.examples.quickstart;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.Timings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Turns a checkpoint and a prompt into a PNG file, and says where the time went. */
public final class Quickstart {
    private Quickstart() {}

    /** Writes one picture; see {@link Options#USAGE}. */
    public static void main(String[] args) {
        try {
            run(Options.parse(args));
        } catch (IllegalArgumentException | IllegalStateException e) {
            System.err.println(e.getMessage() + "\n\n" + Options.USAGE);
            System.exit(2);
        } catch (SwiftBrushException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    static void run(Options options) {
        SwiftBrush.Builder builder = SwiftBrush.builder()
                .device(options.device())
                .downloadListener(new ProgressLine(System.err, System.console() != null));
        if (options.model() != null) {
            Path path = Path.of(options.model());
            if (Files.exists(path)) {
                builder.model(path);
            } else {
                builder.model(options.model());
            }
        }
        if (options.recipe() != null) {
            builder.recipe(options.recipe());
        }
        try (SwiftBrush brush = builder.build()) {
            GeneratedImage image = brush.generate(request(options));
            image.writePng(options.out());
            System.out.printf("%s (%s, seed %s)%n", options.out().toAbsolutePath(), image.size(), image.seed());
            EnlargedCopy.write(image, options.out())
                    .ifPresent(copy -> System.out.printf("%s (the same, enlarged)%n", copy.toAbsolutePath()));
            print(image.timings());
            image.truncation()
                    .ifPresent(cut -> System.out.printf(
                            "The prompt has %d tokens, the model reads %d; without effect: %s%n",
                            cut.tokens(), cut.limit(), cut.dropped()));
        }
    }

    private static GenerationRequest request(Options options) {
        GenerationRequest request = GenerationRequest.of(options.prompt());
        request = options.seed() == null ? request : request.withSeed(options.seed());
        return options.size() == null ? request : request.withSize(options.size());
    }

    private static void print(Timings timings) {
        print("tokens", timings.tokenizing());
        print("text encoder", timings.encoding());
        print("noise", timings.noise());
        print("generator", timings.generating());
        print("in all", timings.total());
    }

    private static void print(String stage, Duration time) {
        System.out.printf("  %-13s %9.2f ms%n", stage, time.toNanos() / 1e6);
    }
}
