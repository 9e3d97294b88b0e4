package dev.swiftbrush.runtime.export;

import static dev.swiftbrush.runtime.export.Graph.attribute;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The backend that writes an ONNX node per operation. Where ONNX has several ways to say a thing, this says it the way
 * that ONNX Runtime ran fastest (docs/adr/0004).
 */
record GraphTensor(Graph graph, String name, DType type, Shape shape) implements Tensor {
    /** Channels of the latents and of pictures are fewer, those of layers between them more. */
    private static final int NARROW = 8;

    long bytes() {
        return LongStream.of(shape.sizes()).reduce(type.bytes(), Math::multiplyExact);
    }

    GraphTensor cast(DType target) {
        return type == target ? this : as(target, shape, "Cast", List.of(this), attribute("to", Graph.type(target)));
    }

    @Override
    public Tensor add(Tensor other) {
        return node("Add", shape.broadcast(other.shape()), of(other));
    }

    @Override
    public Tensor mul(Tensor other) {
        return node("Mul", shape.broadcast(other.shape()), of(other));
    }

    @Override
    public Tensor add(double scalar) {
        return node("Add", shape, graph.scalar(scalar));
    }

    @Override
    public GraphTensor mul(double scalar) {
        return node("Mul", shape, graph.scalar(scalar));
    }

    @Override
    public Tensor clamp(double low, double high) {
        return node("Clip", shape, graph.scalar(low), graph.scalar(high));
    }

    @Override
    public Tensor activate(Activation activation) {
        return switch (activation) {
            case SILU -> mul(node("Sigmoid", shape));
            case QUICK_GELU -> mul(mul(1.702).node("Sigmoid", shape));
            case GELU -> node("Gelu", shape);
            case MISH -> mul(node("Softplus", shape).node("Tanh", shape));
            case RELU -> Int8Nodes.relu(this).orElseGet(() -> node("Relu", shape));
            case TANH -> node("Tanh", shape);
        };
    }

    /** Of two dimensions are only the embeddings of timestep and guidance: constants, over which ONNX Runtime folds a Gemm. */
    @Override
    public Tensor linear(Tensor weight, @Nullable Tensor bias) {
        if (shape.rank() == 2) {
            List<GraphTensor> inputs = bias == null ? List.of(this, of(weight)) : List.of(this, of(weight), of(bias));
            return as(type, shape.linear(weight.shape()), "Gemm", inputs, attribute("transB", 1));
        }
        GraphTensor matrix = of(weight);
        GraphTensor offset = bias == null ? null : of(bias);
        Shape result = shape.linear(weight.shape());
        if (graph.layers().perToken()) {
            return new Int8Nodes(graph).multiplyPerToken(this, matrix, offset, result);
        }
        return layer(
                this,
                matrix,
                () -> product(matrix, offset, result),
                layer -> new Int8Nodes(graph).multiply(this, matrix, offset, result, layer));
    }

    /** A layer as the graph has layers, but that a narrow one stays as it is: it takes no time, and leads to all the others. */
    private GraphTensor layer(
            GraphTensor input, GraphTensor weight, Supplier<GraphTensor> exact, Function<Layer, GraphTensor> int8) {
        boolean narrow = Math.min(weight.size(0), weight.size(1)) < NARROW;
        return graph.layers().write(input, exact, narrow ? any -> exact.get() : int8);
    }

    private GraphTensor product(GraphTensor weight, @Nullable GraphTensor bias, Shape result) {
        GraphTensor product =
                as(type, result, Graph.MICROSOFT + ".FusedMatMul", List.of(this, weight), attribute("transB", 1));
        return bias == null ? product : of(product.add(bias));
    }

    @Override
    public Tensor conv2d(Tensor weight, @Nullable Tensor bias, Window window) {
        Shape result = shape.conv2d(weight.shape(), window);
        GraphTensor offset = bias == null ? null : of(bias);
        Optional<GraphTensor> source = graph.upsampledFrom(this);
        GraphTensor kernels = of(weight);
        ConvolutionForm form = graph.convolutions().next(shape, weight.shape(), window, source.isPresent());
        return layer(
                source.orElse(this),
                kernels,
                () -> switch (form) {
                    case DIRECT -> direct(kernels, offset, window, result);
                    case WINOGRAD, WINOGRAD_WHOLE ->
                        new WinogradNodes(graph, Winograd.SAME, form == ConvolutionForm.WINOGRAD_WHOLE)
                                .convolve(this, kernels, offset, result);
                    case WINOGRAD_DOUBLED, WINOGRAD_DOUBLED_WHOLE ->
                        new WinogradNodes(graph, Winograd.DOUBLED, form == ConvolutionForm.WINOGRAD_DOUBLED_WHOLE)
                                .convolve(source.orElseThrow(), kernels, offset, result);
                },
                layer -> {
                    Int8Nodes nodes = new Int8Nodes(graph);
                    return source.isPresent() && weight.size(2) == 3
                            ? nodes.convolveDoubled(source.get(), kernels, offset, layer)
                            : nodes.convolve(this, kernels, offset, window, result, layer);
                });
    }

    private GraphTensor direct(GraphTensor weight, @Nullable GraphTensor bias, Window window, Shape result) {
        long before = window.before();
        long after = window.after();
        return as(
                type,
                result,
                "Conv",
                bias == null ? List.of(this, weight) : List.of(this, weight, bias),
                attribute("strides", new long[] {window.stride(), window.stride()}),
                attribute("pads", new long[] {before, before, after, after}));
    }

    @Override
    public Tensor groupNorm(int groups, Tensor weight, Tensor bias, double eps) {
        return graph.convolutions().spreadsNorm(shape)
                ? new GroupNormNodes(graph).normalize(this, groups, of(weight), of(bias), eps)
                : instanceNorm(groups, weight, bias, eps);
    }

    /** Groups become the channels of an instance normalisation; the affine part stands behind it. */
    private Tensor instanceNorm(int groups, Tensor weight, Tensor bias, double eps) {
        float[] ones = new float[groups];
        Arrays.fill(ones, 1);
        GraphTensor grouped = of(reshape(KEEP, groups, -1));
        GraphTensor normal = as(
                type,
                grouped.shape,
                "InstanceNormalization",
                List.of(grouped, graph.constant(ones, groups), graph.constant(new float[groups], groups)),
                attribute("epsilon", eps));
        Tensor scale = weight.reshape(-1, 1, 1);
        Tensor shift = bias.reshape(-1, 1, 1);
        return normal.reshapeLike(this).mul(scale).add(shift);
    }

    @Override
    public Tensor layerNorm(Tensor weight, Tensor bias, double eps) {
        if (graph.layers().coarse()) {
            return twiceNormalized(of(weight), of(bias), eps);
        }
        return as(
                type,
                shape,
                "LayerNormalization",
                List.of(this, of(weight), of(bias)),
                attribute("axis", -1),
                attribute("epsilon", eps));
    }

    /**
     * The norm of this and itself again, which is that of this: the operator for a sum is faster, and takes the variance for the
     * mean square less the square of the mean.
     */
    private GraphTensor twiceNormalized(GraphTensor weight, GraphTensor bias, double eps) {
        return as(
                type,
                shape,
                Graph.MICROSOFT + ".SkipLayerNormalization",
                List.of(this, this, weight, bias),
                attribute("epsilon", 4 * eps));
    }

    /** Scores and their softmax are single precision always: those of SD 2.1 overflow half precision. */
    @Override
    public Tensor attention(Tensor key, Tensor value, int heads, boolean causal) {
        if (type == DType.F32 && heads > 1 && !causal) { // one node, which never holds all scores at once
            return as(
                    type,
                    shape,
                    Graph.MICROSOFT + ".MultiHeadAttention",
                    List.of(this, of(key), of(value)),
                    attribute("num_heads", heads));
        }
        long width = size(-1) / heads;
        GraphTensor q = heads(this, heads).cast(DType.F32); // [B, heads, N, D]
        GraphTensor k = of(heads(of(key), heads).transpose(2, 3)).cast(DType.F32); // [B, heads, D, M]
        GraphTensor v = heads(of(value), heads); // [B, heads, M, D]

        Shape scored = q.shape.with(-1, key.shape().get(1)); // [B, heads, N, M]
        GraphTensor scale = graph.single(new float[] {(float) (1 / Math.sqrt(width))});
        GraphTensor scores = q.node("Mul", q.shape, scale).node("MatMul", scored, k);
        if (causal) {
            int length = Math.toIntExact(size(1));
            scores = scores.node("Add", scored, graph.single(causalMask(length), length, length));
        }
        GraphTensor weights = as(DType.F32, scored, "Softmax", List.of(scores), attribute("axis", -1));
        GraphTensor mixed = weights.cast(type).node("MatMul", scored.with(-1, width), v);
        return mixed.transpose(1, 2).reshape(KEEP, KEEP, heads * width);
    }

    /** {@code [B, N, heads·D]} to {@code [B, heads, N, D]}. */
    private GraphTensor heads(GraphTensor x, int heads) {
        return of(x.reshape(KEEP, KEEP, heads, x.size(-1) / heads).transpose(1, 2));
    }

    private static float[] causalMask(int length) {
        float[] mask = new float[length * length];
        for (int row = 0; row < length; row++) {
            Arrays.fill(mask, row * length + row + 1, (row + 1) * length, Float.NEGATIVE_INFINITY);
        }
        return mask;
    }

    @Override
    public Tensor embedding(Tensor table) {
        GraphTensor rows = of(table);
        return as(rows.type, shape.unsqueeze(-1).with(-1, rows.size(1)), "Gather", List.of(rows, this));
    }

    @Override
    public Tensor upsampleNearest() {
        return graph.upsample(this, shape.doubled());
    }

    @Override
    public Tensor concat(int dim, Tensor other) {
        AttributeProto axis = attribute("axis", shape.index(dim));
        return as(type, shape.concat(dim, other.shape()), "Concat", List.of(this, of(other)), axis);
    }

    @Override
    public Tensor narrow(int dim, long start, long length) {
        return node(
                "Slice",
                shape.narrow(dim, start, length),
                graph.integers(start),
                graph.integers(start + length),
                graph.integers(shape.index(dim)));
    }

    @Override
    public GraphTensor reshape(long... sizes) {
        return node("Reshape", shape.reshape(sizes), graph.integers(sizes));
    }

    @Override
    public GraphTensor reshapeLike(Tensor other) {
        GraphTensor sizes = as(DType.I64, Shape.of(other.shape().rank()), "Shape", List.of(of(other)));
        return node("Reshape", other.shape(), sizes);
    }

    @Override
    public Tensor transpose(int a, int b) {
        long[] permutation = IntStream.range(0, shape.rank()).asLongStream().toArray();
        permutation[shape.index(a)] = shape.index(b);
        permutation[shape.index(b)] = shape.index(a);
        return permute(permutation);
    }

    @Override
    public Tensor unsqueeze(int dim) {
        return node("Unsqueeze", shape.unsqueeze(dim), graph.integers(dim));
    }

    @Override
    public Tensor toPixels() {
        return mul(255).node("Round", shape).cast(DType.U8).permute(0, 2, 3, 1);
    }

    GraphTensor permute(long... permutation) {
        Shape permuted = Shape.of(
                LongStream.of(permutation).map(dim -> shape.get((int) dim)).toArray());
        return as(type, permuted, "Transpose", List.of(this), attribute("perm", permutation));
    }

    /** A node whose first input is this, with a result of the same type. */
    GraphTensor node(String op, Shape result, GraphTensor... others) {
        return node(op, result, List.of(others));
    }

    GraphTensor node(String op, Shape result, List<GraphTensor> others, AttributeProto... attributes) {
        List<GraphTensor> inputs = new ArrayList<>(List.of(this));
        inputs.addAll(others);
        return as(type, result, op, inputs, attributes);
    }

    private GraphTensor as(
            DType result, Shape sizes, String op, List<GraphTensor> inputs, AttributeProto... attributes) {
        return graph.node(op, result, sizes, inputs, attributes);
    }

    private GraphTensor of(Tensor tensor) {
        if (tensor instanceof GraphTensor node && node.graph == graph) {
            return node;
        }
        String other = tensor instanceof GraphTensor ? "graph" : "backend";
        throw new IllegalArgumentException(
                "a graph cannot hold a tensor of another %s, but was given one of the shape %s"
                        .formatted(other, tensor.shape()));
    }
}
