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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds out whether a GPU works by opening a session on it: ONNX Runtime lists CUDA as available on machines that have no
 * GPU.
 */
final class CudaProbe {
    private static final Pattern MISSING_LIBRARY =
            Pattern.compile("(\\w+\\.(?:so[.\\d]*|dll))(?:: cannot open shared object|\"? which is missing)");

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

    static String describe(ComputeDevice.Cuda device, String missing, List<URL> artifacts) {
        String hidden = artifacts.size() < 2
                ? ""
                : " (there are %d ONNX Runtime artifacts on the class path, of which the first hides the others: %s; keep one)"
                        .formatted(artifacts.size(), artifacts);
        return "%s cannot be used: %s%s".formatted(device, missing, hidden);
    }

    /** What an operator can do about a failure, and ONNX Runtime's own words behind it. */
    static String missing(String message) {
        String words = message.strip().replaceAll("\\s+", " ");
        String text = words.toLowerCase(Locale.ROOT);
        Matcher library = MISSING_LIBRARY.matcher(words);
        String advice;
        if (library.find()) {
            String name = library.group(1);
            advice = "%s is not on the library path; install %s".formatted(name, owner(name));
        } else if (text.contains("driver version is insufficient")) {
            advice = "the NVIDIA driver is too old for CUDA 12, or there is none";
        } else if (text.contains("no cuda-capable device")) {
            advice = "the NVIDIA driver sees no GPU";
        } else if (text.contains("invalid device ordinal")) {
            advice = "there is no GPU of that index";
        } else {
            advice = "ONNX Runtime could not open a session on it";
        }
        return advice + " [" + words + "]";
    }

    private static String owner(String library) {
        if (library.contains("cudnn")) {
            return "cuDNN 9 for CUDA 12";
        }
        return library.matches("libcuda\\.so.*|nvcuda\\.dll") ? "the NVIDIA driver" : "CUDA 12";
    }
}
