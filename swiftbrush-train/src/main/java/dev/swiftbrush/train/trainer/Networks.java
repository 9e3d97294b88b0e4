package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.network.Checkpoint.Component;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.TorchDevice;
import java.util.Map;
import java.util.Objects;

/** Reads the weights of a checkpoint's networks. */
public final class Networks {

    private Networks() {}

    /** All weights of one network, in single precision. */
    public static FlatTensor load(Component component, Map<String, Shape> shapes, TorchDevice device) {
        FlatTensor flat = FlatTensor.zeros(shapes, device, DType.F32);
        try (MappedWeights mapped = new MappedWeights()) {
            for (String name : shapes.keySet()) {
                flat.set(
                        name,
                        mapped.floats(Objects.requireNonNull(component.tensors().get(name), name)));
            }
        }
        return flat;
    }
}
