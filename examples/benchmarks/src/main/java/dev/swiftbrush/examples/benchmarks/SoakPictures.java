package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.SwiftBrush;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The requests of a soak and the pictures that they must get, drawn one at a time before it begins. Thread-safe. */
final class SoakPictures {
    private static final List<ImageSize> SIZES =
            List.of(new ImageSize(64, 64), new ImageSize(64, 64), new ImageSize(64, 128), new ImageSize(128, 128));
    private static final List<String> PROMPTS = List.of("a fox", "a lighthouse at dawn", "two cats", "");
    private static final int SEEDS = 4;

    private record Key(String prompt, long seed, ImageSize size) {}

    private final Map<Key, Picture> expected = new HashMap<>();

    SoakPictures(SwiftBrush brush) {
        for (String prompt : PROMPTS) {
            for (int seed = 0; seed < SEEDS; seed++) {
                for (ImageSize size : SIZES) {
                    expected.computeIfAbsent(new Key(prompt, seed, size), key -> draw(brush, key));
                }
            }
        }
    }

    private static Picture draw(SwiftBrush brush, Key key) {
        return new Picture(brush.generate(request(key)).rgb());
    }

    private static GenerationRequest request(Key key) {
        return GenerationRequest.of(key.prompt).withSeed(key.seed).withSize(key.size.width(), key.size.height());
    }

    /** How many different requests there are. */
    int count() {
        return expected.size();
    }

    GenerationRequest any(Random random) {
        return request(new Key(
                PROMPTS.get(random.nextInt(PROMPTS.size())),
                random.nextInt(SEEDS),
                SIZES.get(random.nextInt(SIZES.size()))));
    }

    /** Whether the image is the one asked for, but for the one level that joining requests may change. */
    boolean isRight(GenerationRequest request, GeneratedImage image) {
        Long seed = request.seed();
        Picture wanted = seed == null ? null : expected.get(new Key(request.prompt(), seed, image.size()));
        return wanted != null
                && image.size().equals(request.size())
                && wanted.largestDifference(new Picture(image.rgb())) <= 1;
    }
}
