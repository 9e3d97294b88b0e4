package dev.swiftbrush.runtime.session;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.swiftbrush.DeviceException;
import java.net.URL;
import java.util.List;
import java.util.Locale;

/**
 * Finds out whether a GPU works by opening a session on it: ONNX Runtime lists CUDA as available on machines that have no
 * GPU.
 */
final class CudaProbe {
    private static final String CPU_ONLY =
            "the ONNX Runtime on the class path is the CPU-only artifact; depend on dev.swiftbrush:swiftbrush-cuda instead of swiftbrush-runtime";

    private CudaProbe() {}

    /** @throws DeviceException that says what is missing if {@code device} cannot run a session */
    static void require(ComputeDevice.Cuda device) {
        try {
            OrtEnvironment environment = OnnxRuntime.environment();
            if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
                throw new DeviceException(describe(device, CPU_ONLY, OnnxRuntime.artifacts()));
            }
            try (SessionOptions options = device.sessionOptions();
                    OrtSession session = environment.createSession(identity(), options)) {
                session.getNumInputs();
            }
        } catch (OrtException | LinkageError e) {
            throw new DeviceException(
                    describe(device, missing(String.valueOf(e.getMessage())), OnnxRuntime.artifacts()), e);
        }
    }

    /** The smallest graph there is: y = Identity(x). */
    private static byte[] identity() {
        TypeProto oneFloat = TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder()
                        .setElemType(TensorProto.DataType.FLOAT_VALUE)
                        .setShape(TensorShapeProto.newBuilder()
                                .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(1))))
                .build();
        return ModelProto.newBuilder()
                .setIrVersion(9)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(20))
                .setGraph(GraphProto.newBuilder()
                        .setName("identity")
                        .addInput(ValueInfoProto.newBuilder().setName("x").setType(oneFloat))
                        .addOutput(ValueInfoProto.newBuilder().setName("y").setType(oneFloat))
                        .addNode(NodeProto.newBuilder()
                                .setOpType("Identity")
                                .addInput("x")
                                .addOutput("y")))
                .build()
                .toByteArray();
    }

    private static String describe(ComputeDevice.Cuda device, String missing, List<URL> artifacts) {
        String hidden = artifacts.size() < 2
                ? ""
                : " (there are %d ONNX Runtime artifacts on the class path, of which the first hides the others: %s; keep one)"
                        .formatted(artifacts.size(), artifacts);
        return "%s cannot be used: %s%s".formatted(device, missing, hidden);
    }

    /** What an operator can do about a failure, and ONNX Runtime's own words behind it. */
    static String missing(String message) {
        String text = message.toLowerCase(Locale.ROOT);
        String advice;
        if (text.contains("not enabled in this build") || text.contains("providers_shared")) {
            return CPU_ONLY;
        } else if (text.contains("cudnn")) {
            advice = "cuDNN 9 for CUDA 12 is not installed or not on the library path";
        } else if (text.contains("invalid device ordinal")
                || text.contains("error 101")
                || text.contains("failure 101")) {
            advice = "there is no GPU of that index";
        } else if (text.contains("insufficient") || text.contains("failure 35")) {
            advice = "the NVIDIA driver is too old for CUDA 12 or missing";
        } else if (text.contains("no cuda-capable device") || text.contains("failure 100")) {
            advice = "there is no NVIDIA GPU, or its driver does not see it";
        } else if (text.contains("libcuda")
                || text.contains("libcublas")
                || text.contains("libcu")
                || text.contains(".so")
                || text.contains(".dll")) {
            advice = "the CUDA 12 libraries or the NVIDIA driver are not installed or not on the library path";
        } else {
            advice = "ONNX Runtime could not open a session on it";
        }
        return advice + " [" + message + "]";
    }
}
