package dev.swiftbrush.runtime.export;

import static dev.swiftbrush.runtime.export.Graph.attribute;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.tensor.Shape;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** How the convolutions and linear layers of a network are written, one after the other. */
interface LayerForm {

    /**
     * Writes a layer.
     *
     * @param input of the layer, before an upsampling if there is one
     * @param exact writes it in the type that the network computes in
     * @param int8 writes it over 8-bit integers
     */
    GraphTensor write(GraphTensor input, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8);

    /** Whether what lies between layers need not be more exact than 8 bits are. */
    default boolean coarse() {
        return false;
    }

    /** Whether linear layers are written over 8-bit integers that nobody was asked the ranges of. */
    default boolean perToken() {
        return false;
    }

    /** All in the type that the network computes in. */
    static LayerForm exact() {
        return (input, exact, int8) -> exact.get();
    }

    /** Linear layers over 8-bit integers, for which each token's range is found as it comes. */
    record PerToken() implements LayerForm {
        @Override
        public GraphTensor write(GraphTensor input, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8) {
            return exact.get();
        }

        @Override
        public boolean perToken() {
            return true;
        }

        @Override
        public boolean coarse() {
            return true;
        }
    }

    /** As a quantization says. */
    record Int8(Iterator<Layer> layers) implements LayerForm {
        Int8(Quantization quantization) {
            this(quantization.layers().iterator());
        }

        @Override
        public GraphTensor write(GraphTensor input, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8) {
            if (!layers.hasNext()) {
                throw new ModelException(
                        "The model has more layers than it was calibrated for; delete int8/ in the cache directory, and it is calibrated anew");
            }
            Layer layer = layers.next();
            return layer.exact() ? exact.get() : int8.apply(layer);
        }

        @Override
        public boolean coarse() {
            return true;
        }
    }

    /** Finds the least and the greatest value that enter a layer, and those that leave it. */
    record Ranges(List<GraphTensor> found) implements LayerForm {
        Ranges() {
            this(new ArrayList<>());
        }

        @Override
        public GraphTensor write(GraphTensor input, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8) {
            GraphTensor output = exact.get();
            for (GraphTensor value : List.of(input, output)) {
                found.add(reduced("ReduceMin", "ReduceMin", value));
                found.add(reduced("ReduceMax", "ReduceMax", value));
            }
            return output;
        }
    }

    /** Finds the squares of what a layer gives, and of what 8-bit integers would give beside it, as sums. */
    record Errors(Iterator<Layer> layers, List<GraphTensor> found) implements LayerForm {
        Errors(Quantization quantization) {
            this(quantization.layers().iterator(), new ArrayList<>());
        }

        @Override
        public GraphTensor write(GraphTensor input, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8) {
            GraphTensor output = exact.get();
            GraphTensor error = int8.apply(layers.next()).node("Sub", output.shape(), output);
            found.add(reduced("ReduceSumSquare", "ReduceSum", output));
            found.add(reduced("ReduceSumSquare", "ReduceSum", error));
            return output;
        }
    }

    /** First each row, on all threads, then their results. */
    private static GraphTensor reduced(String op, String ofRows, GraphTensor value) {
        GraphTensor rows =
                value.node(op, value.shape().with(-1, 1), value.graph().integers(-1));
        return rows.node(ofRows, Shape.of(), List.of(), attribute("keepdims", 0))
                .reshape(1);
    }
}
