package dev.swiftbrush.runtime.export;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.runtime.weights.Weights;
import java.util.Map;

/**
 * Weights as initialisers of a graph.
 *
 * @param component folder of the checkpoint, the first part of an initialiser's name
 * @param tensors what the component's files hold
 */
record GraphWeights(Graph graph, String component, Map<String, StoredTensor> tensors) implements Weights {

    @Override
    public Tensor get(String name, long... sizes) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null || !Shape.of(tensor.sizes()).equals(Shape.of(sizes))) {
            throw new IllegalStateException(
                    "%s has no tensor '%s' %s; was it audited?".formatted(component, name, Shape.of(sizes)));
        }
        return graph.weight(component + "/" + name, tensor).cast(graph.compute());
    }
}
