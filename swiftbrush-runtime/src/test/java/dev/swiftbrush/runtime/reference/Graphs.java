package dev.swiftbrush.runtime.reference;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;

/** Runs a graph once on the CPU. */
final class Graphs {
    private Graphs() {}

    static HostTensor floats(float[] values, long... sizes) {
        HostTensor tensor = HostTensor.allocate(DType.F32, sizes);
        tensor.data().asFloatBuffer().put(values);
        return tensor;
    }

    static HostTensor integers(ByteBuffer values, long... sizes) {
        HostTensor tensor = HostTensor.allocate(DType.I64, sizes);
        tensor.data().duplicate().put(values);
        return tensor;
    }

    /** The graph's output {@code name}, of these sizes. */
    static float[] run(ModelProto graph, Path folder, Map<String, HostTensor> inputs, String name, long... sizes) {
        HostTensor output = HostTensor.allocate(DType.F32, sizes);
        LocatedGraph located = LocatedGraph.of(graph, folder);
        try (GraphSession session =
                GraphSession.open(name, located.bytes(), located.root(), new ComputeDevice.Cpu(2))) {
            session.run(inputs, name, output);
        }
        float[] values = new float[output.data().remaining() / Float.BYTES];
        output.data().asFloatBuffer().get(values);
        return values;
    }
}
