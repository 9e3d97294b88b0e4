package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Weights that no file holds: they note what a network asks for, so that it can be counted or compared with a file. Use
 * from one thread.
 */
public final class DeclaredWeights implements Weights {
    private final Map<String, Shape> shapes = new LinkedHashMap<>();

    @Override
    public Tensor get(String name, long... sizes) {
        Shape shape = Shape.of(sizes);
        shapes.put(name, shape);
        return new ShapeTensor(shape);
    }

    /** What was asked for, in the order in which the network did. */
    public Map<String, Shape> shapes() {
        return Collections.unmodifiableMap(shapes);
    }
}
