package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * One image to make: a prompt and, where they matter, a seed and a size. Immutable and thread-safe.
 *
 * <p>There is no negative prompt and no guidance scale. Both steer a multi-step model by calling its network a second
 * time and moving along the difference of the two answers. A one-step model has that guidance distilled into its
 * weights: its network is called once, and there is no second answer to move along.
 *
 * <p>{@code toString} shows the prompt: keep it out of logs.
 *
 * @param prompt what the image shows; may be empty; at most 100,000 characters, since a model reads the first 75 words
 *     or so and a hostile caller's megabytes would only cost time and memory
 * @param seed an unsigned 64-bit number that decides the noise: the same seed, model, device and options give the same
 *     image; null lets SwiftBrush draw one, which the image reports
 * @param size the image's size, or null for the model's own
 * @see <a href="https://arxiv.org/abs/2312.05239">SwiftBrush</a>, section 3
 */
public record GenerationRequest(
        String prompt, @Nullable Long seed, @Nullable ImageSize size) {

    private static final int MAX_PROMPT_CHARS = 100_000;
    private static final int MAX_VARIATIONS = 10_000;

    /**
     * @throws IllegalArgumentException if the prompt is absent or longer than 100,000 characters
     */
    public GenerationRequest {
        requirePresent(prompt, "prompt");
        requireArgument(
                prompt.length() <= MAX_PROMPT_CHARS,
                "prompt must have at most %d characters, but had %d",
                MAX_PROMPT_CHARS,
                prompt.length());
    }

    /**
     * Returns a request for an image of the model's own size from a random seed.
     *
     * @throws IllegalArgumentException if the prompt is absent or longer than 100,000 characters
     */
    public static GenerationRequest of(String prompt) {
        return new GenerationRequest(prompt, null, null);
    }

    /** Returns this request with a seed, read as an unsigned 64-bit number. */
    public GenerationRequest withSeed(long seed) {
        return new GenerationRequest(prompt, seed, size);
    }

    /**
     * Returns this request with a size in pixels.
     *
     * @throws IllegalArgumentException if a side is not from 1 to 16384
     */
    public GenerationRequest withSize(int width, int height) {
        return withSize(new ImageSize(width, height));
    }

    /**
     * Returns this request with a size.
     *
     * @throws IllegalArgumentException if the size is absent
     */
    public GenerationRequest withSize(ImageSize size) {
        return new GenerationRequest(prompt, seed, requirePresent(size, "size"));
    }

    /**
     * Returns this request {@code n} times over, with the seeds s, s + 1, ... s + n - 1.
     *
     * <p>s is this request's seed, or one random seed if it has none. Seeds are unsigned 64-bit numbers: the one after
     * the largest is 0.
     *
     * @param n how many, from 1 to 10,000
     * @throws IllegalArgumentException if {@code n} is not from 1 to 10,000
     */
    public List<GenerationRequest> variations(int n) {
        requireArgument(
                n >= 1 && n <= MAX_VARIATIONS, "variations must be from 1 to %d, but were %d", MAX_VARIATIONS, n);
        long first = seed != null ? seed : randomSeed();
        return LongStream.range(0, n).mapToObj(i -> withSeed(first + i)).toList();
    }

    /** Returns this request, with a random seed if it has none. */
    GenerationRequest seeded() {
        return seed != null ? this : withSeed(randomSeed());
    }

    /** Returns a seed from 0 to 2<sup>32</sup> - 1: PyTorch's CPU generator reads only the low 32 bits. */
    private static long randomSeed() {
        return ThreadLocalRandom.current().nextLong(1L << 32);
    }
}
