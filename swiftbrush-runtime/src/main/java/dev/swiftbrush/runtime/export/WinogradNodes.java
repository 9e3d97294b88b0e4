package dev.swiftbrush.runtime.export;

import static dev.swiftbrush.runtime.export.Graph.attribute;
import static dev.swiftbrush.runtime.tensor.Tensor.KEEP;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Window;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a convolution as {@link Winograd} does it, for every batch and size: a tile at an edge is computed whole and cut.
 * The steps and their layouts are those that ONNX Runtime ran fastest (docs/adr/0009). The kernels are transformed by
 * nodes over the stored weights, which ONNX Runtime computes once, when it opens the graph.
 *
 * @param graph in single precision
 * @param winograd for n points
 * @param whole whether images are always a whole number of tiles, so that nothing is cut
 */
record WinogradNodes(Graph graph, Winograd winograd, boolean whole) {
    private static final String FUSED_MAT_MUL = Graph.MICROSOFT + ".FusedMatMul";
    private static final int TILE = Winograd.TILE;

    /** ONNX Runtime would bring a convolution without groups into a layout of its own, and back. */
    private static final int GROUPS = Winograd.GROUPS;

    /**
     * @param source image {@code [B, C, h, w]}
     * @param weight {@code [O, C, 3, 3]}
     * @param bias {@code [O]}, or null for none
     * @param result the shape of the result, whose sides are a whole multiple of the source's
     */
    GraphTensor convolve(GraphTensor source, GraphTensor weight, @Nullable GraphTensor bias, Shape result) {
        GraphTensor places = places(source);
        GraphTensor tiles = tiles(products(places, weight), places);
        GraphTensor image = whole ? tiles : cut(tiles, source, result);
        return bias == null ? image : image.node("Add", result, bias.reshape(-1, 1, 1));
    }

    /** The image as each tile sees it, transformed: {@code [C·B/2, 2·n², h', w']} for h'·w' tiles. */
    private GraphTensor places(GraphTensor source) {
        long filters = GROUPS * squared();
        Window steps = new Window(winograd.stride(), 1, winograd.stride()); // what the last tile may lack, at the most
        GraphTensor channels = source.permute(1, 0, 2, 3).reshape(-1, GROUPS, KEEP, KEEP); // each for itself
        Shape shape = channels.shape();
        return node(
                "Conv",
                Shape.of(
                        shape.get(0),
                        filters,
                        steps.output(shape.get(2), winograd.window()),
                        steps.output(shape.get(3), winograd.window())),
                List.of(
                        channels,
                        graph.constant(
                                Winograd.square(winograd.image(), GROUPS),
                                filters,
                                1,
                                winograd.window(),
                                winograd.window())),
                attribute("group", GROUPS),
                attribute("strides", new long[] {steps.stride(), steps.stride()}),
                attribute("pads", new long[] {steps.before(), steps.before(), steps.after(), steps.after()}));
    }

    /** A matrix product for each place, {@code [B, n², O, T]} for T tiles. */
    private GraphTensor products(GraphTensor places, GraphTensor weight) {
        GraphTensor channels =
                places.reshape(KEEP, KEEP, 1, -1).reshape(weight.size(1), -1, squared(), KEEP); // [C, B, n², T]
        return node(
                FUSED_MAT_MUL,
                Shape.of(
                        channels.shape().get(1),
                        squared(),
                        weight.size(0),
                        channels.shape().get(3)),
                List.of(kernels(weight), channels),
                attribute("transBatchB", 1)); // as if it were [B, n², C, T]
    }

    /** {@code [1, n², O, C]}. ONNX Runtime computes a {@code Gemm} beforehand, but no operator of its own. */
    private GraphTensor kernels(GraphTensor weight) {
        long size = Winograd.KERNEL * Winograd.KERNEL;
        GraphTensor transform = graph.constant(Winograd.square(winograd.kernel(), 1), squared(), size);
        GraphTensor flat = weight.reshape(-1, size);
        GraphTensor transformed =
                node("Gemm", Shape.of(squared(), flat.size(0)), List.of(transform, flat), attribute("transB", 1));
        GraphTensor kernels = transformed.reshape(1, squared(), weight.size(0), weight.size(1));
        graph.keepsInsteadOf(weight, List.of(flat, transformed, kernels));
        return kernels;
    }

    /** Transforms products into tiles and lays these beside each other: {@code [B, O, 4·h', 4·w']}. */
    private GraphTensor tiles(GraphTensor products, GraphTensor places) {
        long out = products.size(2);
        GraphTensor transform = graph.constant(Winograd.flat(winograd.result()), TILE, winograd.points());
        GraphTensor rows = products.reshape(KEEP, winograd.points(), -1); // [B, n, n·O·T]
        GraphTensor transformed = node("MatMul", rows.shape().with(1, TILE), List.of(transform, rows))
                .reshape(KEEP, KEEP, winograd.points(), -1); // [B, 4, n, O·T]
        Shape flat = transformed.shape();
        GraphTensor lines = node(
                FUSED_MAT_MUL,
                Shape.of(flat.get(0), TILE, flat.get(3), TILE),
                List.of(transformed, graph.constant(Winograd.columns(winograd.result()), winograd.points(), TILE)),
                attribute("transA", 1)); // [B, 4, O·h'·w', 4], the last two of which are whole lines
        GraphTensor width = sizes(places, 3).node("Mul", Shape.of(1), graph.integers(TILE));
        GraphTensor lying =
                graph.integers(KEEP, KEEP, -1).node("Concat", Shape.of(4), List.of(width), attribute("axis", 0));
        Shape image = places.shape();
        return lines.node(
                        "Reshape",
                        Shape.of(flat.get(0), TILE, times(image.get(2), out), times(image.get(3), TILE)),
                        lying)
                .permute(0, 2, 1, 3)
                .reshape(KEEP, out, -1, KEEP);
    }

    private GraphTensor cut(GraphTensor tiles, GraphTensor source, Shape result) {
        long scale = TILE / winograd.stride();
        GraphTensor sides = sizes(source, 2);
        sides = scale == 1 ? sides : sides.node("Mul", sides.shape(), graph.integers(scale));
        return tiles.node("Slice", result, graph.integers(0, 0), sides, graph.integers(2, 3));
    }

    /** The sizes of an image from a dimension on. */
    private GraphTensor sizes(GraphTensor image, int start) {
        return graph.node("Shape", DType.I64, Shape.of(4 - start), List.of(image), attribute("start", start));
    }

    private long squared() {
        return (long) winograd.points() * winograd.points();
    }

    private static long times(long size, long factor) {
        return size == Shape.UNKNOWN ? Shape.UNKNOWN : size * factor;
    }

    private GraphTensor node(String op, Shape shape, List<GraphTensor> inputs, AttributeProto... attributes) {
        return graph.node(op, DType.F32, shape, inputs, attributes);
    }
}
