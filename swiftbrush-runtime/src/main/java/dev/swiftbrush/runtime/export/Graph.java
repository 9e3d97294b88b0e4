package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * An ONNX graph that is being written: nodes in the order of execution, each value named once. The same calls write the
 * same bytes. Use from one thread.
 */
final class Graph {
    private static final int IR_VERSION = 9;
    static final String LOCATION = "location";
    static final String MICROSOFT = "com.microsoft";
    private static final String UPSAMPLING = "Resize";
    private static final AttributeProto[] NEAREST = {
        attribute("mode", "nearest"),
        attribute("coordinate_transformation_mode", "asymmetric"),
        attribute("nearest_mode", "floor")
    };
    private static final Map<String, Long> OPERATORS = Map.of("", 20L, MICROSOFT, 1L);

    private final Function<Path, String> names;
    private final DType compute;
    private final Map<String, Long> operators;
    private long irVersion = IR_VERSION;
    private final GraphProto.Builder proto = GraphProto.newBuilder();
    private final Map<String, GraphTensor> weights = new HashMap<>();
    private final Map<Content, GraphTensor> constants = new HashMap<>();
    private final List<GraphTensor> results = new ArrayList<>();
    private final Map<String, Runnable> waiting = new HashMap<>();
    private final Map<String, GraphTensor> upsampled = new HashMap<>();
    private final Map<String, Int8Nodes.Convolved> convolved = new HashMap<>();
    private final ConvolutionForm.Choice convolutions;
    private final LayerForm layers;
    private final Map<NodeProto, GraphTensor> once = new HashMap<>();
    private long keptBytes;
    private int values;

    /** What makes a constant the same as another. */
    private record Content(DType type, Shape shape, ByteString bytes) {}

    /**
     * @param folder which the names of files of weights are relative to
     * @param compute the type that networks compute in: F32 or F16
     */
    Graph(String name, Path folder, DType compute) {
        this(name, folder, compute, OPERATORS);
    }

    /** @param operators versions of the operator sets by domain */
    Graph(String name, Path folder, DType compute, Map<String, Long> operators) {
        this(name, relativeTo(folder), compute, operators, ConvolutionForm.direct(), LayerForm.exact());
    }

    /**
     * @param names what a file of weights is called
     * @param convolutions how they, and group norms, are written in the type of computing
     * @param layers which convolutions and linear layers are written over 8-bit integers
     */
    Graph(
            String name,
            Function<Path, String> names,
            DType compute,
            ConvolutionForm.Choice convolutions,
            LayerForm layers) {
        this(name, names, compute, OPERATORS, convolutions, layers);
    }

    private Graph(
            String name,
            Function<Path, String> names,
            DType compute,
            Map<String, Long> operators,
            ConvolutionForm.Choice convolutions,
            LayerForm layers) {
        this.convolutions = convolutions;
        this.layers = layers;
        this.names = names;
        this.compute = compute;
        this.operators = new TreeMap<>(operators);
        proto.setName(name);
    }

    /** Names of files in a folder and below. */
    static Function<Path, String> relativeTo(Path folder) {
        return file -> folder.relativize(file).toString().replace('\\', '/');
    }

    DType compute() {
        return compute;
    }

    ConvolutionForm.Choice convolutions() {
        return convolutions;
    }

    LayerForm layers() {
        return layers;
    }

    /** Declares an input; each size is named, or a number where it is fixed. */
    GraphTensor input(String name, DType type, Object... sizes) {
        proto.addInput(valueInfo(name, type, sizes));
        long[] known = Arrays.stream(sizes)
                .mapToLong(size -> size instanceof Number number ? number.longValue() : Shape.UNKNOWN)
                .toArray();
        return new GraphTensor(this, name, type, Shape.of(known));
    }

    /** Declares what the graph gives; sizes as in {@link #input}. */
    void output(String name, GraphTensor value, Object... sizes) {
        node("Identity", List.of(value), List.of(name));
        proto.addOutput(valueInfo(name, value.type(), sizes));
    }

    /** A weight whose bytes stay where they are stored. */
    GraphTensor weight(String name, StoredTensor tensor) {
        return weights.computeIfAbsent(name, missing -> {
            TensorProto.Builder initializer = TensorProto.newBuilder()
                    .setName(name)
                    .setDataType(type(tensor.dtype()))
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry(LOCATION, names.apply(tensor.file())))
                    .addExternalData(entry("offset", Long.toString(tensor.offset())))
                    .addExternalData(entry("length", Long.toString(tensor.byteLength())));
            for (long size : tensor.sizes()) {
                initializer.addDims(size);
            }
            proto.addInitializer(initializer);
            return new GraphTensor(this, name, tensor.dtype(), Shape.of(tensor.sizes()));
        });
    }

    /** A constant in the type that networks compute in. */
    GraphTensor constant(float[] values, long... sizes) {
        return single(values, sizes).cast(compute);
    }

    /** A constant in single precision, whatever networks compute in. */
    GraphTensor single(float[] values, long... sizes) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return constant(DType.F32, bytes.array(), sizes);
    }

    GraphTensor scalar(double value) {
        return constant(new float[] {(float) value});
    }

    /** Stands for an optional input that a node goes without. */
    GraphTensor absent() {
        return new GraphTensor(this, "", compute, Shape.of());
    }

    GraphTensor integers(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return constant(DType.I64, bytes.array(), values.length);
    }

    /** A constant of single bytes. */
    GraphTensor bytes(DType type, byte[] values, long... sizes) {
        return constant(type, values, sizes);
    }

    /** Constants of equal content are one initialiser. */
    private GraphTensor constant(DType type, byte[] content, long... sizes) {
        Content key = new Content(type, Shape.of(sizes), ByteString.copyFrom(content));
        return constants.computeIfAbsent(key, missing -> {
            String name = "constant_" + constants.size();
            TensorProto.Builder tensor = TensorProto.newBuilder()
                    .setName(name)
                    .setDataType(type(type))
                    .setRawData(key.bytes());
            for (long size : sizes) {
                tensor.addDims(size);
            }
            proto.addInitializer(tensor);
            return new GraphTensor(this, name, type, key.shape());
        });
    }

    /** Appends a node with one result. */
    GraphTensor node(String op, DType type, Shape shape, List<GraphTensor> inputs, AttributeProto... attributes) {
        String name = op + "_" + values++;
        node(op, inputs, List.of(name), attributes);
        GraphTensor result = new GraphTensor(this, name, type, shape);
        results.add(result);
        return result;
    }

    /** The result of such a node, which is appended if there is none yet. */
    GraphTensor once(String op, DType type, Shape shape, List<GraphTensor> inputs, AttributeProto... attributes) {
        NodeProto key = proto(op, inputs, List.of(""), attributes);
        GraphTensor known = once.get(key);
        if (known == null) {
            known = node(op, type, shape, inputs, attributes);
            once.put(key, known);
        }
        return known;
    }

    /** A node that is written, with what its inputs need, when the first other one asks for its result. */
    private GraphTensor onDemand(
            String op, DType type, Shape shape, Supplier<List<GraphTensor>> inputs, AttributeProto... attributes) {
        GraphTensor result = new GraphTensor(this, op + "_" + values++, type, shape);
        waiting.put(result.name(), () -> {
            node(op, inputs.get(), List.of(result.name()), attributes);
            results.add(result);
        });
        return result;
    }

    /** An upsampling, which a convolution may do without. */
    GraphTensor upsample(GraphTensor source, Shape shape) {
        GraphTensor result = onDemand(UPSAMPLING, source.type(), shape, () -> upsamplingOf(source), NEAREST);
        upsampled.put(result.name(), source);
        return result;
    }

    private List<GraphTensor> upsamplingOf(GraphTensor source) {
        return List.of(source, absent(), single(new float[] {1, 1, 2, 2}, 4));
    }

    /** What {@code value} is upsampled from, if it is and nothing else asked for it. */
    Optional<GraphTensor> upsampledFrom(GraphTensor value) {
        return waiting.containsKey(value.name()) ? Optional.ofNullable(upsampled.get(value.name())) : Optional.empty();
    }

    /** What a convolution over 8-bit integers gives, in single precision; a ReLU or another convolution may do without. */
    GraphTensor dequantize(Int8Nodes.Convolved behind, Shape shape) {
        GraphTensor result = onDemand("DequantizeLinear", DType.F32, shape, behind::planes);
        convolved.put(result.name(), behind);
        return result;
    }

    /** The convolution over 8-bit integers that {@code value} is from, if it is. */
    Optional<Int8Nodes.Convolved> convolved(GraphTensor value) {
        return Optional.ofNullable(convolved.get(value.name()));
    }

    /** Notes that ONNX Runtime computes {@code steps} when it opens the graph, and keeps the last instead of a weight. */
    void keepsInsteadOf(GraphTensor weight, List<GraphTensor> steps) {
        keptBytes += steps.get(steps.size() - 1).bytes() - weight.bytes();
        results.removeAll(steps);
    }

    /** The memory that weights take beyond what is stored of them, in the type of computing. */
    long keptBytes() {
        return keptBytes;
    }

    /**
     * The most memory that values take at once if each is freed after its last use; all sizes must be known. Views
     * ({@code Reshape}, {@code Unsqueeze}) count as copies, which ONNX Runtime avoids where it can.
     */
    long peakBytes() {
        Map<String, Integer> lastUse = new HashMap<>();
        for (int i = 0; i < proto.getNodeCount(); i++) {
            for (String input : proto.getNode(i).getInputList()) {
                lastUse.put(input, i);
            }
        }
        Map<String, Long> bytes = new HashMap<>();
        results.forEach(result -> bytes.put(result.name(), result.bytes()));
        long live = 0;
        long peak = 0;
        for (int i = 0; i < proto.getNodeCount(); i++) {
            NodeProto node = proto.getNode(i);
            live += bytes.getOrDefault(node.getOutput(0), 0L);
            peak = Math.max(peak, live);
            for (String input : Set.copyOf(node.getInputList())) {
                if (lastUse.getOrDefault(input, -1) == i) {
                    live -= bytes.getOrDefault(input, 0L);
                }
            }
        }
        return peak;
    }

    private void node(String op, List<GraphTensor> inputs, List<String> outputs, AttributeProto... attributes) {
        inputs.forEach(this::require);
        proto.addNode(proto(op, inputs, outputs, attributes));
    }

    private void require(GraphTensor input) {
        Runnable node = waiting.remove(input.name());
        if (node != null) {
            node.run();
        }
    }

    private static NodeProto proto(
            String op, List<GraphTensor> inputs, List<String> outputs, AttributeProto... attributes) {
        int dot = op.lastIndexOf('.');
        NodeProto.Builder node = NodeProto.newBuilder()
                .setName(outputs.get(0))
                .setOpType(op.substring(dot + 1))
                .addAllOutput(outputs)
                .addAllAttribute(Arrays.asList(attributes));
        if (dot > 0) {
            node.setDomain(op.substring(0, dot));
        }
        inputs.forEach(input -> node.addInput(input.name()));
        return node.build();
    }

    /**
     * Appends a whole model of somebody else's, whose operators are those of this graph.
     *
     * @param prefix of all its names here
     * @param inputs values of this graph for all its inputs, by their names there
     * @param output which of its results is wanted
     */
    GraphTensor append(ModelProto model, String prefix, Map<String, GraphTensor> inputs, OnnxPort output) {
        Map<String, String> given = new HashMap<>();
        inputs.values().forEach(this::require);
        inputs.forEach((name, value) -> given.put(name, value.name()));
        OnnxNames names = new OnnxNames(prefix, given);
        for (TensorProto weight : model.getGraph().getInitializerList()) {
            proto.addInitializer(names.of(weight));
        }
        for (NodeProto node : model.getGraph().getNodeList()) {
            proto.addNode(names.of(node));
        }
        irVersion = Math.max(irVersion, model.getIrVersion());
        long[] sizes = output.sizes().stream().mapToLong(Long::longValue).toArray();
        return new GraphTensor(this, names.of(output.name()), output.type(), Shape.of(sizes));
    }

    static AttributeProto attribute(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    static AttributeProto attribute(String name, double value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF((float) value)
                .build();
    }

    static AttributeProto attribute(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    static AttributeProto attribute(String name, long[] values) {
        AttributeProto.Builder attribute =
                AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
        for (long value : values) {
            attribute.addInts(value);
        }
        return attribute.build();
    }

    ModelProto model() {
        GraphProto.Builder graph = proto.clone().clearNode();
        nodesOfWeightsFirst().forEach(graph::addNode);
        ModelProto.Builder model = ModelProto.newBuilder()
                .setIrVersion(irVersion)
                .setProducerName("SwiftBrush for Java")
                .setGraph(graph);
        operators.forEach((domain, version) -> model.addOpsetImport(operators(domain, version)));
        return model.build();
    }

    /**
     * Where weights are not computed with beforehand, ONNX Runtime does it right before each is used if that stands at the
     * graph's beginning: it walks from the end, and of a node's inputs takes the one latest in the graph first, then goes all
     * the way up from there. Else it would compute all of them before anything else, and hold them.
     */
    private List<NodeProto> nodesOfWeightsFirst() {
        Set<String> known = new HashSet<>(Set.of("")); // an input that is left out
        proto.getInitializerList().forEach(weight -> known.add(weight.getName()));
        List<NodeProto> ofWeights = new ArrayList<>();
        List<NodeProto> others = new ArrayList<>();
        for (NodeProto node : proto.getNodeList()) {
            if (known.containsAll(node.getInputList())) {
                known.addAll(node.getOutputList());
                ofWeights.add(node);
            } else {
                others.add(node);
            }
        }
        ofWeights.addAll(others);
        return ofWeights;
    }

    private static OperatorSetIdProto.Builder operators(String domain, long version) {
        OperatorSetIdProto.Builder set = OperatorSetIdProto.newBuilder().setVersion(version);
        return domain.isEmpty() ? set : set.setDomain(domain); // an empty one would be other bytes for the same
    }

    static int type(DType type) {
        return switch (type) {
            case F64 -> TensorProto.DataType.DOUBLE_VALUE;
            case F32 -> TensorProto.DataType.FLOAT_VALUE;
            case F16 -> TensorProto.DataType.FLOAT16_VALUE;
            case BF16 -> TensorProto.DataType.BFLOAT16_VALUE;
            case I64 -> TensorProto.DataType.INT64_VALUE;
            case I32 -> TensorProto.DataType.INT32_VALUE;
            case I16 -> TensorProto.DataType.INT16_VALUE;
            case I8 -> TensorProto.DataType.INT8_VALUE;
            case U8 -> TensorProto.DataType.UINT8_VALUE;
            case BOOL -> TensorProto.DataType.BOOL_VALUE;
        };
    }

    private static ValueInfoProto valueInfo(String name, DType type, Object... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Object size : sizes) {
            TensorShapeProto.Dimension.Builder dimension = TensorShapeProto.Dimension.newBuilder();
            if (size instanceof Number number) {
                dimension.setDimValue(number.longValue());
            } else {
                dimension.setDimParam(size.toString());
            }
            shape.addDim(dimension);
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(type(type))
                                .setShape(shape)))
                .build();
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }
}
