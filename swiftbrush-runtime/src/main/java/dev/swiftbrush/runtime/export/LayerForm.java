package dev.swiftbrush.runtime.export;

import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** Whether the layers of a network are written in single precision or over 8-bit integers, one after the other. */
interface LayerForm {

    /**
     * Writes a layer.
     *
     * @param input of the layer, before an upsampling if there is one
     * @param exact writes it in single precision
     * @param int8 writes it over 8-bit integers
     */
    GraphTensor write(GraphTensor input, GraphTensor weight, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8);

    /** Whether what lies between layers need be no more exact than 8 bits are. */
    default boolean coarse() {
        return Boolean.getBoolean("coarse");
    }

    static LayerForm exact() {
        return (input, weight, exact, int8) -> exact.get();
    }

    /** As a quantization says. */
    static LayerForm int8(Quantization quantization) {
        Iterator<Layer> layers = quantization.layers().iterator();
        return (input, weight, exact, int8) -> {
            Layer layer = layers.next();
            return layer == null ? exact.get() : int8.apply(layer);
        };
    }

    /** In single precision, and looks at what enters and leaves each layer. */
    record Probe(List<GraphTensor> found) implements LayerForm {
        Probe() {
            this(new ArrayList<>());
        }

        @Override
        public GraphTensor write(
                GraphTensor input, GraphTensor weight, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8) {
            GraphTensor output = exact.get();
            for (GraphTensor value : List.of(input, output)) {
                found.add(reduced("ReduceMin", value));
                found.add(reduced("ReduceMax", value));
            }
            return output;
        }

        private static GraphTensor reduced(String op, GraphTensor value) {
            return value.graph()
                    .node(op, DType.F32, Shape.of(), List.of(value), Graph.attribute("keepdims", 0)).reshape(1);
        }
    }
}
