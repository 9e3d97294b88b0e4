package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Single operations as graphs, against what their documentation promises. */
class OperationsTest {

    /** Values of torch.nn.functional in PyTorch 2.15.0, double precision; quick_gelu is x · sigmoid(1.702 x). */
    @ParameterizedTest
    @CsvSource({
        "SILU, -0.26894142137, 0.31122966560, 1.76159415596",
        "GELU, -0.15865525393, 0.34573123064, 1.95449973610",
        "QUICK_GELU, -0.15420423407, 0.35038843661, 1.93565862314",
        "MISH, -0.30340146137, 0.37524521130, 1.94395895953",
        "RELU, 0, 0.5, 2",
        "TANH, -0.76159415596, 0.46211715726, 0.96402758008"
    })
    void activationsAreExact(Activation activation, float atMinusOne, float atOneHalf, float atTwo) {
        assertThat(run(x -> x.activate(activation), new float[] {-1, 0.5f, 2}, 1, 3))
                .containsExactly(new float[] {atMinusOne, atOneHalf, atTwo}, within(2e-7f));
    }

    @Test
    void groupsAreNormalisedOverTheirChannelsAndPixels() {
        Graph graph = new Graph("test", Path.of(""), DType.F32);
        GraphTensor image = graph.input("x", DType.F32, "batch", 4, "height", "width");
        Tensor weight = graph.constant(new float[] {1, 2, 3, 4}, 4);
        Tensor bias = graph.constant(new float[] {0, 10, 20, 30}, 4);
        graph.output("y", (GraphTensor) image.groupNorm(2, weight, bias, 0), "batch", 4, "height", "width");

        // the first group is 1, 3, 5, 7: mean 4, variance 5; the second 0, 0, 2, 2: mean 1, variance 1
        float[] normal = GraphRun.floats(
                graph.model(),
                Path.of(""),
                Map.of("x", GraphRun.tensor(new float[] {1, 3, 5, 7, 0, 0, 2, 2}, 1, 4, 1, 2)),
                "y",
                1,
                4,
                1,
                2);

        float a = (float) (1 / Math.sqrt(5));
        assertThat(normal)
                .containsExactly(new float[] {-3 * a, -a, 10 + 2 * a, 10 + 6 * a, 17, 17, 34, 34}, within(2e-6f));
    }

    @Test
    void narrowTakesAPart() {
        assertThat(run(x -> x.narrow(-1, 1, 2), new float[] {1, 2, 3, 4, 5, 6}, 2, 3, 2, 2))
                .containsExactly(2, 3, 5, 6);
    }

    @Test
    void upsamplingRepeatsPixels() {
        Graph graph = new Graph("test", Path.of(""), DType.F32);
        GraphTensor image = graph.input("x", DType.F32, 1, 1, "height", "width");
        graph.output("y", (GraphTensor) image.upsampleNearest(), 1, 1, "height2", "width2");

        assertThat(GraphRun.floats(
                        graph.model(),
                        Path.of(""),
                        Map.of("x", GraphRun.tensor(new float[] {1, 2}, 1, 1, 1, 2)),
                        "y",
                        1,
                        1,
                        2,
                        4))
                .containsExactly(1, 1, 2, 2, 1, 1, 2, 2);
    }

    /** 0.5/255 and 1.5/255 stand between two bytes: the even one is taken. */
    @Test
    void pixelsAreRoundedHalfToEvenAndLieChannelsLast() {
        Graph graph = new Graph("test", Path.of(""), DType.F32);
        GraphTensor image = graph.input("x", DType.F32, 1, 3, 1, 2);
        graph.output("y", (GraphTensor) image.mul(1 / 255.0).toPixels(), 1, 1, 2, 3);

        try (GraphSession session = GraphRun.open(graph.model(), Path.of(""))) {
            byte[] pixels = GraphRun.bytes(
                    session,
                    Map.of("x", GraphRun.tensor(new float[] {0.4f, 1.6f, 100, 101, 254.4f, 255}, 1, 3, 1, 2)),
                    "y",
                    1,
                    1,
                    2,
                    3);
            assertThat(pixels).containsExactly(0, 100, 254, 2, 101, 255);
        }
        assertThat(half(0.5f)).isEqualTo((byte) 0);
        assertThat(half(1.5f)).isEqualTo((byte) 2);
        assertThat(half(2.5f)).isEqualTo((byte) 2);
    }

    /** The byte of a value whose product with 255 is exactly {@code product}. */
    private static byte half(float product) {
        Graph graph = new Graph("test", Path.of(""), DType.F32);
        GraphTensor image = graph.input("x", DType.F32, 1, 1, 1, 1);
        graph.output("y", (GraphTensor) image.toPixels(), 1, 1, 1, 1);
        float value = product / 255;
        while (value * 255 < product) {
            value = Math.nextUp(value);
        }
        while (value * 255 > product) {
            value = Math.nextDown(value);
        }
        assertThat(value * 255).isEqualTo(product);
        try (GraphSession session = GraphRun.open(graph.model(), Path.of(""))) {
            return GraphRun.bytes(
                    session, Map.of("x", GraphRun.tensor(new float[] {value}, 1, 1, 1, 1)), "y", 1, 1, 1, 1)[0];
        }
    }

    private static float[] run(UnaryOperator<Tensor> operation, float[] values, int rows, int columns) {
        return run(operation, values, rows, columns, rows, columns);
    }

    private static float[] run(
            UnaryOperator<Tensor> operation, float[] values, int rows, int columns, int outRows, int outColumns) {
        Graph graph = new Graph("test", Path.of(""), DType.F32);
        Tensor result = operation.apply(graph.input("x", DType.F32, rows, columns));
        graph.output("y", (GraphTensor) result, outRows, outColumns);
        return GraphRun.floats(
                graph.model(),
                Path.of(""),
                Map.of("x", GraphRun.tensor(values, rows, columns)),
                "y",
                outRows,
                outColumns);
    }
}
