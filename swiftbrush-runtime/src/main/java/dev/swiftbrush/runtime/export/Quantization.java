package dev.swiftbrush.runtime.export;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the layers of a network are written over 8-bit integers, in the order in which the network asks for them.
 *
 * @param layers null for one that stays in single precision
 */
public record Quantization(List<@Nullable Layer> layers) {

    /** The values from {@code low} to {@code high}, which are those that 8 bits stand for. */
    public record Range(float low, float high) {
        /** Widened so that 0 is in it, as the zeros around an image must be. */
        public Range {
            low = Math.min(low, 0);
            high = Math.max(high, Math.max(Float.MIN_NORMAL, low + Float.MIN_NORMAL));
        }

        float width() {
            return high - low;
        }
    }

    /** The values that enter a layer and those that leave it. */
    public record Layer(Range input, Range output) {}

    public Quantization {
        layers = java.util.Collections.unmodifiableList(new ArrayList<>(layers));
    }
}
