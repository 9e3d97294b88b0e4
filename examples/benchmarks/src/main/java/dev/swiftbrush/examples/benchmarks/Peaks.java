package dev.swiftbrush.examples.benchmarks;

import static java.util.stream.Collectors.joining;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.protobuf.TextFormat;
import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What ONNX Runtime gets out of this machine, in operations a second: a large matrix product and a convolution, in single precision
 * and over 8-bit integers, each in a session as SwiftBrush opens it, the fastest of some runs. And how many operations an image takes.
 */
final class Peaks {
    private static final int RUNS = 8;
    private static final int SIDE = 2048; // of the matrices
    private static final int CHANNELS = 256;
    private static final int PIXELS = 128; // in each direction
    private static final double OF_PRODUCT = 2.0 * SIDE * SIDE * SIDE;
    private static final double OF_CONVOLUTION = 2.0 * 3 * 3 * CHANNELS * CHANNELS * PIXELS * PIXELS;

    private static final String FLOATS = "data_type: 1 dims: 1 float_data: 0.01";
    private static final String BYTES = "data_type: 3 dims: 1 int32_data: 7";

    private static final String PRODUCT = weight(FLOATS, 2048, 2048) + """
            node { op_type: "MatMul" input: ["x", "weight"] output: "y" }
            """ + ports(1, 1, 2048, 2048);

    private static final String CONVOLUTION = weight(FLOATS, 256, 256, 3, 3) + """
            node {
              op_type: "Conv" input: ["x", "weight"] output: "y"
              attribute { name: "pads" type: INTS ints: [1, 1, 1, 1] }
            }
            """ + ports(1, 1, 1, 256, 128, 128);

    private static final String INT8_PRODUCT = weight(BYTES, 2048, 2048) + """
            initializer { name: "scale" data_type: 1 float_data: 0.01 }
            initializer { name: "zero" data_type: 2 int32_data: 128 }
            node {
              domain: "com.microsoft" op_type: "MatMulIntegerToFloat"
              input: ["x", "weight", "scale", "scale", "zero"] output: "y"
            }
            """ + ports(2, 1, 2048, 2048);

    private static final String INT8_CONVOLUTION = weight(BYTES, 256, 256, 3, 3) + """
            initializer { name: "scale" data_type: 1 float_data: 0.01 }
            initializer { name: "zero" data_type: 2 int32_data: 128 }
            initializer { name: "none" data_type: 3 int32_data: 0 }
            node {
              domain: "com.microsoft" op_type: "QLinearConv"
              input: ["x", "scale", "zero", "weight", "scale", "none", "scale", "zero"] output: "y"
              attribute { name: "pads" type: INTS ints: [1, 1, 1, 1] }
              attribute { name: "channels_last" type: INT i: 1 }
            }
            """ + ports(2, 2, 1, 128, 128, 256);

    private Peaks() {}

    static Figures measure(Job job) throws IOException {
        Figures figures = new Figures();
        count(job, figures);
        HostTensor matrix = HostTensor.allocate(DType.F32, SIDE, SIDE);
        HostTensor image = HostTensor.allocate(DType.F32, 1, CHANNELS, PIXELS, PIXELS);
        HostTensor bytes = HostTensor.allocate(DType.U8, SIDE, SIDE);
        HostTensor pixels = HostTensor.allocate(DType.U8, 1, PIXELS, PIXELS, CHANNELS);
        figures.number("peak.product", OF_PRODUCT / seconds(job, PRODUCT, matrix, matrix));
        figures.number("peak.convolution", OF_CONVOLUTION / seconds(job, CONVOLUTION, image, image));
        figures.number("peak.int8.product", OF_PRODUCT / seconds(job, INT8_PRODUCT, bytes, matrix));
        figures.number("peak.int8.convolution", OF_CONVOLUTION / seconds(job, INT8_CONVOLUTION, pixels, pixels));
        return figures;
    }

    private static void count(Job job, Figures figures) {
        LatentSize size = LatentSize.of(job);
        Checkpoint checkpoint = Checkpoint.open(job.checkpoint(), false);
        figures.number(
                "operations.text",
                CountingTensor.count(
                        input -> checkpoint.clip().model().encode(input.weights(), input.of(1, size.tokens()))));
        figures.number("operations.unet", CountingTensor.count(input -> {
            Tensor timestep =
                    input.of(1, checkpoint.unet().config().levels().get(0).channels());
            Tensor states = input.of(1, size.tokens(), size.hiddenWidth());
            checkpoint.unet().predict(input.weights(), input.of(size.sizes()), timestep, null, states);
        }));
        figures.number(
                "operations.decoder",
                CountingTensor.count(input -> checkpoint.decoder().decode(input.weights(), input.of(size.sizes()))));
    }

    private static double seconds(Job job, String graph, HostTensor input, HostTensor output) throws IOException {
        String model =
                "ir_version: 9 opset_import { version: 20 } opset_import { domain: \"com.microsoft\" version: 1 }"
                        + " graph { name: \"peak\" " + graph + "}";
        byte[] bytes = TextFormat.parse(model, ModelProto.class).toByteArray();
        long best = Long.MAX_VALUE;
        try (GraphSession session =
                GraphSession.open("peak", bytes, job.checkpoint(), ComputeDevice.of(Device.cpu()))) {
            for (int run = 0; run < RUNS; run++) {
                long start = System.nanoTime();
                session.run(Map.of("x", input), "y", output);
                best = Math.min(best, System.nanoTime() - start);
            }
        }
        return best / 1e9;
    }

    /** Weights that are all the same, which changes nothing of the time; they are made when the graph is opened. */
    private static String weight(String value, Integer... sizes) {
        return """
                initializer { name: "shape" data_type: 7 dims: %d int64_data: %s }
                node {
                  op_type: "ConstantOfShape" input: "shape" output: "weight"
                  attribute { name: "value" type: TENSOR t { %s } }
                }
                """.formatted(sizes.length, List.of(sizes), value);
    }

    /** From x to y, both of the same shape, in ONNX's numbers for their types. */
    private static String ports(int in, int out, Integer... sizes) {
        String shape = Stream.of(sizes).map("dim { dim_value: %d } "::formatted).collect(joining());
        return """
                input { name: "x" type { tensor_type { elem_type: %d shape { %s} } } }
                output { name: "y" type { tensor_type { elem_type: %d shape { %s} } } }
                """.formatted(in, shape, out, shape);
    }
}
