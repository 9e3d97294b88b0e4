package dev.swiftbrush.runtime.export;

import java.util.List;

/**
 * How a model is written over 8-bit integers.
 *
 * @param layers of UNet and decoder, in the order in which the networks ask for them
 * @param textEncoder whether the linear layers of CLIP's text encoder are, too
 */
public record Quantization(List<Layer> layers, boolean textEncoder) {

    public Quantization {
        layers = List.copyOf(layers);
    }

    /** The same with the text encoder. */
    public Quantization withTextEncoder() {
        return new Quantization(layers, true);
    }

    /** The values from {@code low} to {@code high}, which 8 bits stand for; 0 is one of them. */
    public record Range(float low, float high) {

        /** @throws IllegalArgumentException if the values are not finite, or the range is not around 0 */
        public Range {
            if (!(low <= 0 && high > 0 && Float.isFinite(high - low))) {
                throw new IllegalArgumentException("0 must lie in the range from %s to %s".formatted(low, high));
            }
        }

        /** The least range of all of {@code low}, {@code high} and 0. */
        public static Range of(float low, float high) {
            return new Range(Math.min(low, 0), Math.max(high, Float.MIN_NORMAL));
        }

        /** The least range of this and another. */
        public Range and(Range other) {
            return new Range(Math.min(low, other.low), Math.max(high, other.high));
        }

        float width() {
            return high - low;
        }
    }

    /**
     * A convolution or a linear layer.
     *
     * @param input what enters it
     * @param output what leaves it
     * @param exact whether it stays in single precision all the same
     */
    public record Layer(Range input, Range output, boolean exact) {

        /** The same layer in single precision. */
        public Layer keptExact() {
            return new Layer(input, output, true);
        }

        /** The layer that both are seen of. */
        public Layer and(Layer other) {
            return new Layer(input.and(other.input), output.and(other.output), exact || other.exact);
        }
    }
}
