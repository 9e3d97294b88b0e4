package dev.swiftbrush.train.export;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.FloatConversion;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Consumer;

/** Weights by name, wherever they lie. */
@FunctionalInterface
public interface WeightSource {

    /**
     * Hands out all elements of the weight {@code name} in their order, in one piece or in many.
     *
     * @param sink takes little-endian F32 elements from a buffer's position to its limit; the buffer holds good only until it
     *     returns
     */
    void read(String name, Consumer<ByteBuffer> sink);

    /**
     * The weights in safetensors files.
     *
     * @param tensors of F32, F16 or BF16
     */
    static WeightSource stored(Map<String, StoredTensor> tensors) {
        return (name, sink) -> {
            StoredTensor tensor = tensors.get(name);
            if (tensor == null) {
                throw new IllegalArgumentException("there is no weight '%s' among %d".formatted(name, tensors.size()));
            }
            try (MappedWeights mapped = new MappedWeights()) {
                FloatConversion.convert(mapped.map(tensor), tensor.dtype(), DType.F32, sink);
            }
        };
    }
}
