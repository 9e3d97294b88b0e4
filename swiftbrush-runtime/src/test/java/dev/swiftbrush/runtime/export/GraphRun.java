package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.file.Path;
import java.util.Map;

/** Runs graphs on the CPU. */
final class GraphRun {
    private GraphRun() {}

    static GraphSession open(ModelProto graph, Path folder) {
        LocatedGraph located = LocatedGraph.of(graph, folder);
        return GraphSession.open("test", located.bytes(), located.root(), new ComputeDevice.Cpu(2));
    }

    /** Runs {@code graph} once and gives its output {@code name}. */
    static float[] floats(ModelProto graph, Path folder, Map<String, HostTensor> inputs, String name, long... sizes) {
        try (GraphSession session = open(graph, folder)) {
            return floats(session, inputs, name, sizes);
        }
    }

    static float[] floats(GraphSession session, Map<String, HostTensor> inputs, String name, long... sizes) {
        HostTensor output = HostTensor.allocate(DType.F32, sizes);
        session.run(inputs, name, output);
        float[] values = new float[output.data().remaining() / Float.BYTES];
        output.data().asFloatBuffer().get(values);
        return values;
    }

    static byte[] bytes(GraphSession session, Map<String, HostTensor> inputs, String name, long... sizes) {
        HostTensor output = HostTensor.allocate(DType.U8, sizes);
        session.run(inputs, name, output);
        byte[] values = new byte[output.data().remaining()];
        output.data().get(values);
        return values;
    }

    static HostTensor tensor(float[] values, long... sizes) {
        HostTensor tensor = HostTensor.allocate(DType.F32, sizes);
        tensor.data().asFloatBuffer().put(values);
        return tensor;
    }
}
