package dev.swiftbrush.runtime.engine;

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

/**
 * An ONNX file that casts what it is given, for tests of what is refused; only its inputs and outputs are of interest.
 * Sizes: a number below 0 is free.
 */
final class TinyOnnx {
    static final int F32 = 1;
    static final int I32 = 6;
    static final int I64 = 7;

    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("tiny");

    TinyOnnx input(String name, int type, long... sizes) {
        graph.addInput(value(name, type, sizes));
        return this;
    }

    /** The first input, cast. */
    TinyOnnx output(String name, int type, long... sizes) {
        graph.addNode(NodeProto.newBuilder()
                .setOpType("Cast")
                .setName(name)
                .addInput(graph.getInput(0).getName())
                .addOutput(name)
                .addAttribute(AttributeProto.newBuilder()
                        .setName("to")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(type)));
        graph.addOutput(value(name, type, sizes));
        return this;
    }

    TinyOnnx weightsIn(String file) {
        graph.addInitializer(outside(file));
        return this;
    }

    /** A constant in a graph within the graph. */
    TinyOnnx constantIn(String file) {
        NodeProto constant = NodeProto.newBuilder()
                .setOpType("Constant")
                .addOutput("constant")
                .addAttribute(AttributeProto.newBuilder()
                        .setName("value")
                        .setType(AttributeProto.AttributeType.TENSOR)
                        .setT(outside(file)))
                .build();
        graph.addNode(NodeProto.newBuilder()
                .setOpType("If")
                .addInput("condition")
                .addAttribute(AttributeProto.newBuilder()
                        .setName("then_branch")
                        .setType(AttributeProto.AttributeType.GRAPH)
                        .setG(GraphProto.newBuilder().setName("branch").addNode(constant))));
        return this;
    }

    private static TensorProto outside(String file) {
        return TensorProto.newBuilder()
                .setName("outside")
                .setDataType(F32)
                .addDims(1)
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("location").setValue(file))
                .build();
    }

    byte[] bytes() {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    private static ValueInfoProto value(String name, int type, long... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (int i = 0; i < sizes.length; i++) {
            TensorShapeProto.Dimension.Builder size = TensorShapeProto.Dimension.newBuilder();
            shape.addDim(sizes[i] < 0 ? size.setDimParam("free" + i) : size.setDimValue(sizes[i]));
        }
        TypeProto.Tensor.Builder tensor =
                TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape);
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }
}
