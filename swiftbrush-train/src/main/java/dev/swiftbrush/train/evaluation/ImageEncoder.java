package dev.swiftbrush.train.evaluation;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import dev.swiftbrush.runtime.weights.DeclaredWeights;
import dev.swiftbrush.runtime.weights.Scope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * A small convolutional network that gives pictures of one size features, and the linear layer that takes sentences to them.
 * Immutable and thread-safe.
 *
 * @param size of a picture, in pixels; a multiple of 16
 * @param sentenceWidth of a sentence's embedding
 */
public record ImageEncoder(int size, int sentenceWidth) {
    /** Features of a picture. */
    public static final int FEATURES = 128;

    private static final int[] CHANNELS = {32, 64, 96, 128};
    private static final int GROUPS = 8;
    private static final double EPS = 1e-5;

    /** @throws IllegalArgumentException if the size does not fit */
    public ImageEncoder {
        if (size < 16 || size % 16 != 0) {
            throw new IllegalArgumentException("size must be a multiple of 16, but was " + size);
        }
    }

    /**
     * Features of pictures, not normalised.
     *
     * @param pictures {@code [B, 3, size, size]} in [-1, 1]
     * @return {@code [B, FEATURES]}
     */
    Tensor features(Scope at, Tensor pictures) {
        Tensor h = pictures;
        for (int i = 0; i < CHANNELS.length; i++) {
            Scope level = at.at("levels", i);
            h = level.conv("down", h, CHANNELS[i], 3, Window.halve());
            Tensor inner = level.groupNorm("norm", h, GROUPS, EPS).activate(Activation.SILU);
            h = i == 0 ? inner : h.add(level.conv3x3("conv", inner, CHANNELS[i])); // the largest is the dearest
        }
        h = at.groupNorm("norm_out", h, GROUPS, EPS).activate(Activation.SILU);
        long side = size >> CHANNELS.length;
        return at.linear("features", h.reshape(Tensor.KEEP, CHANNELS[CHANNELS.length - 1] * side * side), FEATURES);
    }

    /**
     * Where pictures of sentences should be, not normalised.
     *
     * @param sentences {@code [B, sentenceWidth]}
     * @return {@code [B, FEATURES]}
     */
    Tensor sentences(Scope at, Tensor sentences) {
        return at.linear("sentences", sentences, FEATURES);
    }

    /** Names and shapes of all weights. */
    Map<String, Shape> weights() {
        DeclaredWeights declared = new DeclaredWeights();
        features(Scope.of(declared), ShapeTensor.of(Shape.UNKNOWN, 3, size, size));
        sentences(Scope.of(declared), ShapeTensor.of(Shape.UNKNOWN, sentenceWidth));
        return declared.shapes();
    }

    /** Weights to begin with: normal with a variance of 2 over the number of inputs, norms at one, biases at zero. */
    Map<String, float[]> initial(long seed) {
        Random random = new Random(seed);
        Map<String, float[]> all = new LinkedHashMap<>();
        weights().forEach((name, shape) -> {
            long count = 1;
            for (long each : shape.sizes()) {
                count *= each;
            }
            float[] values = new float[Math.toIntExact(count)];
            double deviation = Math.sqrt(2.0 * shape.get(0) / count);
            for (int i = 0; i < values.length; i++) {
                if (shape.rank() > 1) {
                    values[i] = (float) (deviation * random.nextGaussian());
                } else {
                    values[i] = name.contains("norm") && name.endsWith("weight") ? 1 : 0;
                }
            }
            all.put(name, values);
        });
        return all;
    }
}
