package dev.swiftbrush.runtime.export;

import static dev.swiftbrush.runtime.export.Graph.attribute;
import static dev.swiftbrush.runtime.tensor.Tensor.KEEP;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.export.Quantization.Range;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Window;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes convolutions and linear layers over 8-bit integers (docs/adr/0012). What enters is unsigned, with one scale and one zero
 * point for all of it, which are known beforehand; weights are signed, with a scale for each output. They are quantised by nodes
 * over the stored ones, which ONNX Runtime computes once, when it opens the graph.
 *
 * @param graph in single precision
 */
record Int8Nodes(Graph graph) {
    private static final String CONVOLUTION = Graph.MICROSOFT + ".QLinearConv";
    private static final String PRODUCT = Graph.MICROSOFT + ".MatMulIntegerToFloat";
    private static final int LEVELS = 255;

    /** With 7 bits, sums of two products fit into the 16 bits that processors without VNNI have for them. */
    private static final float GREATEST_WEIGHT = 63;

    private static final float TINY = 1e-30f; // in place of 0 where a filter is 0 all over

    private static final Range ONE_EITHER_WAY = Range.of(-1, 1);

    /**
     * ONNX Runtime convolves in place with weights whose zero point is 0, else by a matrix product over a copy, which is
     * faster from so many outputs on.
     */
    private static final int OUTPUTS_FOR_PRODUCT = 320;

    /** The rows, or columns, of a 3x3 kernel that fall onto the same two pixels of the image before its upsampling. */
    private static final float[][] PHASES = {{1, 0, 0, 0, 1, 1}, {1, 1, 0, 0, 0, 1}};

    /** Weights in 8 bits, and the scale of each output. */
    private record Weights(GraphTensor values, GraphTensor scales, GraphTensor zeros) {}

    /** What a value of a range is stored as: {@code round(value / scale) + zero}. */
    private record Scale(GraphTensor scale, GraphTensor zero) {}

    /** A convolution that is written when its result is asked for, and may be for another range. */
    static final class Convolved {
        private final Int8Nodes nodes;
        private final Range range;
        private final Function<Range, GraphTensor> write;
        private @Nullable GraphTensor pixels;

        Convolved(Int8Nodes nodes, Range range, Function<Range, GraphTensor> write) {
            this.nodes = nodes;
            this.range = range;
            this.write = write;
        }

        /** {@code [B, h, w, O]} in 8 bits. */
        private GraphTensor pixels() {
            if (pixels == null) {
                pixels = write.apply(range);
            }
            return pixels;
        }

        /** {@code [B, O, h, w]} in 8 bits, with its scale and zero point. */
        List<GraphTensor> planes() {
            Scale scale = nodes.scale(range);
            return List.of(nodes.planes(pixels()), scale.scale(), scale.zero());
        }
    }

    /**
     * @param image {@code [B, C, h, w]}
     * @param weight {@code [O, C, k, k]}
     * @param bias {@code [O]}, or null for none
     */
    GraphTensor convolve(
            GraphTensor image,
            GraphTensor weight,
            @Nullable GraphTensor bias,
            Window window,
            Shape result,
            Layer layer) {
        long before = window.before();
        long after = window.after();
        return image(
                result,
                layer.output(),
                output -> convolve(
                        pixels(image, layer.input()),
                        weight,
                        bias,
                        Shape.of(result.get(0), result.get(2), result.get(3), result.get(1)),
                        layer.input(),
                        output,
                        attribute("strides", new long[] {window.stride(), window.stride()}),
                        attribute("pads", new long[] {before, before, after, after})));
    }

    /**
     * A 3x3 convolution of the image upsampled to twice its size: four 2x2 convolutions of the image itself, each for one of
     * four neighbouring pixels.
     */
    GraphTensor convolveDoubled(GraphTensor image, GraphTensor weight, @Nullable GraphTensor bias, Layer layer) {
        Shape result = image.shape().doubled().with(1, weight.size(0));
        return image(result, layer.output(), output -> doubled(image, weight, bias, layer.input(), output));
    }

    private GraphTensor doubled(
            GraphTensor image, GraphTensor weight, @Nullable GraphTensor bias, Range input, Range output) {
        GraphTensor pixels = pixels(image, input);
        Shape quarter = pixels.shape().with(-1, weight.size(0));
        List<GraphTensor> rows = new ArrayList<>();
        for (int down = 0; down < 2; down++) {
            List<GraphTensor> row = new ArrayList<>();
            for (int across = 0; across < 2; across++) {
                row.add(convolve(
                        pixels,
                        phase(weight, down, across),
                        bias,
                        quarter,
                        input,
                        output,
                        attribute("pads", new long[] {1 - down, 1 - across, down, across})));
            }
            rows.add(concat(3, row)); // [B, h, w, 2·O]
        }
        return concat(2, rows).reshape(KEEP, -1, KEEP, weight.size(0)); // [B, 2·h, 2·w, O]
    }

    /**
     * A ReLU behind a convolution over 8-bit integers is the same convolution with a range from 0 on. Empty if the image did not
     * leave one.
     */
    static Optional<GraphTensor> relu(GraphTensor image) {
        return image.graph()
                .convolved(image)
                .map(behind -> behind.nodes.image(image.shape(), Range.of(0, behind.range.high()), behind.write));
    }

    /** The 2x2 kernel of the pixels that are so far down and across among four. */
    private GraphTensor phase(GraphTensor weight, int down, int across) {
        long filters = weight.size(0) * weight.size(1);
        GraphTensor kernels = weight.reshape(-1, 3, 3);
        GraphTensor rows = graph.node(
                "MatMul", DType.F32, Shape.of(filters, 2, 3), List.of(graph.single(PHASES[down], 2, 3), kernels));
        GraphTensor columns = graph.single(PHASES[across], 2, 3).permute(1, 0);
        return rows.node("MatMul", Shape.of(filters, 2, 2), columns).reshape(weight.size(0), weight.size(1), 2, 2);
    }

    private GraphTensor concat(int dim, List<GraphTensor> parts) {
        Shape shape = parts.get(0).shape();
        Shape result = shape.concat(dim, parts.get(1).shape());
        return graph.node("Concat", DType.U8, result, parts, attribute("axis", dim));
    }

    private GraphTensor convolve(
            GraphTensor pixels,
            GraphTensor weight,
            @Nullable GraphTensor bias,
            Shape result,
            Range input,
            Range output,
            AttributeProto... attributes) {
        Scale in = scale(input);
        Scale out = scale(output);
        Weights kernels = weights(weight, weight.size(0) < OUTPUTS_FOR_PRODUCT ? 0 : 1);
        List<GraphTensor> inputs = new ArrayList<>(List.of(
                pixels,
                in.scale(),
                in.zero(),
                kernels.values(),
                kernels.scales(),
                kernels.zeros(),
                out.scale(),
                out.zero()));
        if (bias != null) {
            inputs.add(integers(bias, in, kernels));
        }
        List<AttributeProto> all = new ArrayList<>(Arrays.asList(attributes));
        all.add(attribute("channels_last", 1));
        return graph.node(CONVOLUTION, DType.U8, result, inputs, all.toArray(AttributeProto[]::new));
    }

    /**
     * @param x {@code [B, N, C]}
     * @param weight {@code [O, C]}
     * @param bias {@code [O]}, or null for none
     */
    GraphTensor multiply(GraphTensor x, GraphTensor weight, @Nullable GraphTensor bias, Shape result, Layer layer) {
        Scale in = scale(layer.input());
        Weights matrix = weights(weight, 0);
        List<GraphTensor> inputs = new ArrayList<>(
                List.of(quantized(x, in), matrix.values().permute(1, 0), in.scale(), matrix.scales(), in.zero()));
        if (bias != null) {
            inputs.add(graph.absent()); // zero points of the weights, which are 0
            inputs.add(bias);
        }
        return graph.node(PRODUCT, DType.F32, result, inputs);
    }

    /**
     * A layer for which each token has a scale of its own, its greatest value, so that a token of great values takes nothing from
     * others.
     *
     * @param x {@code [B, N, C]}
     * @param weight {@code [O, C]}
     * @param bias {@code [O]}, or null for none
     */
    GraphTensor multiplyPerToken(GraphTensor x, GraphTensor weight, @Nullable GraphTensor bias, Shape result) {
        Shape tokens = x.shape().with(-1, 1);
        GraphTensor sizes = graph.once("Abs", DType.F32, x.shape(), List.of(x));
        GraphTensor greatest = graph.once(
                "ReduceMax", DType.F32, tokens, List.of(sizes, graph.integers(-1)), attribute("keepdims", 1));
        GraphTensor scales =
                graph.once("Max", DType.F32, tokens, List.of(greatest, graph.single(new float[] {TINY}, 1)));
        GraphTensor parts = graph.once("Div", DType.F32, x.shape(), List.of(x, scales));
        Scale in = scale(ONE_EITHER_WAY);
        Weights matrix = weights(weight, 0);
        GraphTensor product = graph.node(
                        PRODUCT,
                        DType.F32,
                        result,
                        List.of(
                                quantized(parts, in),
                                matrix.values().permute(1, 0),
                                in.scale(),
                                matrix.scales(),
                                in.zero()))
                .node("Mul", result, scales);
        return bias == null ? product : product.node("Add", result, bias);
    }

    /** An image {@code [B, C, h, w]} as {@code [B, h, w, C]} in 8 bits: as it left a convolution, if that had the same range. */
    private GraphTensor pixels(GraphTensor image, Range range) {
        Optional<Convolved> behind = graph.convolved(image);
        if (behind.isPresent() && behind.get().range.equals(range)) {
            return behind.get().pixels();
        }
        GraphTensor quantized = quantized(image, scale(range));
        Shape shape = quantized.shape();
        return graph.once(
                "Transpose",
                DType.U8,
                Shape.of(shape.get(0), shape.get(2), shape.get(3), shape.get(1)),
                List.of(quantized),
                attribute("perm", new long[] {0, 2, 3, 1}));
    }

    private GraphTensor image(Shape result, Range range, Function<Range, GraphTensor> write) {
        return graph.dequantize(new Convolved(this, range, write), result);
    }

    /**
     * Pixels {@code [B, h, w, O]} as {@code [B, O, h, w]}. Behind the last reshape, which ONNX Runtime does not move a transpose
     * over: it would transpose single precision, in four times the time.
     */
    private GraphTensor planes(GraphTensor pixels) {
        Shape shape = pixels.shape();
        long channels = shape.get(3);
        GraphTensor sides = graph.node(
                "Shape", DType.I64, Shape.of(2), List.of(pixels), attribute("start", 1), attribute("end", 3));
        GraphTensor sizes =
                graph.integers(KEEP, channels).node("Concat", Shape.of(4), List.of(sides), attribute("axis", 0));
        return pixels.reshape(KEEP, -1, channels)
                .permute(0, 2, 1)
                .node("Reshape", Shape.of(shape.get(0), channels, shape.get(1), shape.get(2)), sizes);
    }

    private GraphTensor quantized(GraphTensor x, Scale scale) {
        return graph.once("QuantizeLinear", DType.U8, x.shape(), List.of(x, scale.scale(), scale.zero()));
    }

    private Scale scale(Range range) {
        float step = range.width() / LEVELS;
        int zero = Math.round(-range.low() / step);
        return new Scale(graph.single(new float[] {step}), graph.bytes(DType.U8, new byte[] {(byte) zero}));
    }

    private Weights weights(GraphTensor weight, int zero) {
        long outputs = weight.size(0);
        GraphTensor flat = weight.reshape(outputs, -1);
        GraphTensor greatest = graph.node(
                "ReduceMax",
                DType.F32,
                Shape.of(outputs),
                List.of(flat.node("Abs", flat.shape()), graph.integers(1)),
                attribute("keepdims", 0));
        GraphTensor scales = greatest.node("Max", greatest.shape(), graph.single(new float[] {TINY}))
                .node("Div", greatest.shape(), graph.single(new float[] {GREATEST_WEIGHT}));
        byte[] each = new byte[Math.toIntExact(outputs)];
        Arrays.fill(each, (byte) zero);
        GraphTensor zeros = graph.bytes(DType.I8, each, outputs);
        GraphTensor values = graph.node(
                "QuantizeLinear", DType.I8, weight.shape(), List.of(weight, scales, zeros), attribute("axis", 0));
        return new Weights(values, scales, zeros);
    }

    /** A bias as it is added to sums of products. */
    private GraphTensor integers(GraphTensor bias, Scale in, Weights weights) {
        GraphTensor step = weights.scales().node("Mul", bias.shape(), in.scale());
        return bias.node("Div", bias.shape(), step).node("Round", bias.shape()).cast(DType.I32);
    }
}
