package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.util.Map;

/**
 * A graph, and where the data of its external initialisers lies.
 *
 * @param model small: weights are not in it
 * @param weights by initialiser name
 */
public record ExportedGraph(ModelProto model, Map<String, StoredTensor> weights) {
    public byte[] bytes() {
        return model.toByteArray();
    }
}
