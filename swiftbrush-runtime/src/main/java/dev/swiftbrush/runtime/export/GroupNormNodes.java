package dev.swiftbrush.runtime.export;

import static dev.swiftbrush.runtime.export.Graph.attribute;
import static dev.swiftbrush.runtime.tensor.Tensor.KEEP;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import java.util.List;

/**
 * Writes a group normalisation in operators that ONNX Runtime spreads over all threads. The variance is the mean square of what is left
 * without the mean. Where 8 bits are enough, it is the mean square less the square of the mean, which loses digits where the mean is
 * much the greater, but needs two passes over the image that only read it.
 *
 * @param graph in single precision
 */
record GroupNormNodes(Graph graph) {

    /**
     * @param image {@code [B, C, h, w]}
     * @param weight {@code [C]}
     * @param bias {@code [C]}
     */
    GraphTensor normalize(GraphTensor image, int groups, GraphTensor weight, GraphTensor bias, double eps) {
        GraphTensor grouped = image.reshape(KEEP, groups, 1, -1);
        Shape one = grouped.shape().with(-1, 1); // [B, groups, 1, 1]
        GraphTensor mean = graph.node(
                "ReduceMean", DType.F32, one, List.of(grouped, graph.integers(-1)), attribute("keepdims", 1));
        boolean coarse = graph.layers().coarse();
        GraphTensor values = coarse ? grouped : grouped.node("Sub", grouped.shape(), mean);
        GraphTensor squares = graph.node(
                Graph.MICROSOFT + ".FusedMatMul", DType.F32, one, List.of(values, values), attribute("transB", 1));
        GraphTensor elements = graph.node("Shape", DType.I64, Shape.of(1), List.of(grouped), attribute("start", 3))
                .cast(DType.F32);
        GraphTensor variance = squares.node("Div", one, elements);
        if (coarse) {
            variance =
                    variance.node("Sub", one, mean.node("Mul", one, mean)).node("Max", one, graph.single(new float[1]));
        }
        GraphTensor deviation = variance.node("Add", one, graph.single(new float[] {(float) eps}))
                .node("Sqrt", one);

        long channels = weight.size(0);
        long each = channels / groups;
        Shape ofChannels = Shape.of(image.shape().get(0), groups, each, 1);
        GraphTensor factor = weight.reshape(groups, each, 1).node("Div", ofChannels, deviation);
        GraphTensor term = bias.reshape(groups, each, 1);
        if (coarse) {
            term = term.node("Sub", ofChannels, mean.node("Mul", ofChannels, factor));
        }
        return (coarse ? image : values.reshapeLike(image))
                .node("Mul", image.shape(), factor.reshape(KEEP, channels, 1, 1))
                .node("Add", image.shape(), term.reshape(coarse ? KEEP : 1, channels, 1, 1));
    }
}
