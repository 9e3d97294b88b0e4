package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.swiftbrush.ModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The operators that a graph uses, those in the graphs of its attributes included. */
final class OnnxOperators {
    /** The operators of ONNX itself; written as nothing. */
    static final String ONNX = "";

    private static final List<String> KNOWN = List.of(ONNX, Graph.MICROSOFT);

    /** Of an opset older than this, Clip and Round are others. */
    private static final long OLDEST = 11;

    private final Path file;
    private final Map<String, Long> imported = new TreeMap<>();
    private final Map<String, Long> used = new TreeMap<>();

    private OnnxOperators(Path file) {
        this.file = file;
    }

    /**
     * The versions of the operator sets that {@code model} uses, by domain.
     *
     * @param file for messages
     * @throws ModelException if an operator needs a library of its own, the operators are too old, or an attribute has its
     *     values in another file
     */
    static Map<String, Long> of(ModelProto model, Path file) {
        OnnxOperators operators = new OnnxOperators(file);
        for (OperatorSetIdProto set : model.getOpsetImportList()) {
            operators.imported.put(domain(set.getDomain()), set.getVersion());
        }
        operators.used.put(ONNX, operators.version(ONNX, "ONNX"));
        operators.read(model.getGraph());
        if (operators.used.get(ONNX) < OLDEST) {
            throw new ModelException(
                    "%s uses operator set %d of ONNX, but %d is the oldest that can be run; export it anew"
                            .formatted(file, operators.used.get(ONNX), OLDEST));
        }
        return operators.used;
    }

    private static String domain(String name) {
        return name.equals("ai.onnx") ? ONNX : name;
    }

    private long version(String domain, String operator) {
        Long version = imported.get(domain);
        if (version == null) {
            throw new ModelException(
                    "%s uses %s, but names no version of its operator set '%s'".formatted(file, operator, domain));
        }
        return version;
    }

    private void read(GraphProto graph) {
        for (NodeProto node : graph.getNodeList()) {
            String domain = domain(node.getDomain());
            if (!KNOWN.contains(domain)) {
                throw new ModelException(
                        "%s uses the operator %s of '%s', which is neither ONNX's nor ONNX Runtime's and would need a library of its own; export the model without it"
                                .formatted(file, OnnxReader.shown(node.getOpType()), OnnxReader.shown(domain)));
            }
            used.put(domain, version(domain, OnnxReader.shown(node.getOpType())));
            node.getAttributeList().forEach(this::read);
        }
    }

    private void read(AttributeProto attribute) {
        requireInline(attribute.getT());
        attribute.getTensorsList().forEach(this::requireInline);
        requireInline(attribute.getSparseTensor());
        attribute.getSparseTensorsList().forEach(this::requireInline);
        readInner(attribute.getG());
        attribute.getGraphsList().forEach(this::readInner);
    }

    private void readInner(GraphProto graph) {
        graph.getInitializerList().forEach(this::requireInline);
        graph.getSparseInitializerList().forEach(this::requireInline);
        read(graph);
    }

    private void requireInline(SparseTensorProto tensor) {
        requireInline(tensor.getValues());
        requireInline(tensor.getIndices());
    }

    private void requireInline(TensorProto tensor) {
        if (tensor.getExternalDataCount() > 0 || tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            throw new ModelException(
                    "%s keeps a constant in another file, which only weights may be; export it anew".formatted(file));
        }
    }
}
