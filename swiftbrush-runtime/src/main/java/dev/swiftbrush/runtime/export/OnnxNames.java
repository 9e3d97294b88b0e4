package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.Map;

/**
 * The names of a graph's values once it is part of another graph: those that the other gives it, and its own with a prefix,
 * those of the graphs in its attributes included, which may use what stands outside of them.
 */
record OnnxNames(String prefix, Map<String, String> given) {

    String of(String name) {
        if (name.isEmpty()) {
            return name; // an optional input that is not there
        }
        String value = given.get(name);
        return value != null ? value : prefix + name;
    }

    TensorProto of(TensorProto weight) {
        return weight.toBuilder().setName(of(weight.getName())).build();
    }

    NodeProto of(NodeProto node) {
        NodeProto.Builder renamed =
                node.toBuilder().setName(prefix + node.getName()).clearDocString();
        for (int i = 0; i < node.getInputCount(); i++) {
            renamed.setInput(i, of(node.getInput(i)));
        }
        for (int i = 0; i < node.getOutputCount(); i++) {
            renamed.setOutput(i, of(node.getOutput(i)));
        }
        for (AttributeProto.Builder attribute : renamed.getAttributeBuilderList()) {
            if (attribute.hasG()) {
                rename(attribute.getGBuilder());
            }
            attribute.getGraphsBuilderList().forEach(this::rename);
        }
        return renamed.build();
    }

    private void rename(GraphProto.Builder graph) {
        graph.clearValueInfo();
        graph.getInputBuilderList().forEach(this::rename);
        graph.getOutputBuilderList().forEach(this::rename);
        graph.getInitializerBuilderList().forEach(tensor -> tensor.setName(of(tensor.getName())));
        for (int i = 0; i < graph.getNodeCount(); i++) {
            graph.setNode(i, of(graph.getNode(i)));
        }
    }

    private void rename(ValueInfoProto.Builder value) {
        value.setName(of(value.getName()));
    }
}
