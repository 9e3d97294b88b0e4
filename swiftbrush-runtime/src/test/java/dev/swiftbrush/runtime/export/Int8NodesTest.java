package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.export.Quantization.Range;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Layers over 8-bit integers against single precision. With 7 bits for weights and 8 for what enters and leaves, errors of about
 * 1% of what a layer gives are to be expected; a mistake in layout, padding or a zero point gives 100%.
 */
class Int8NodesTest {
    private static final double RELATIVE = 0.02;
    private static final int IN = 8;

    /** With few outputs and with so many that another form is taken; an even kernel's padding is not the same on each side. */
    @ParameterizedTest
    @CsvSource({
        "10, 3, 1, 1, 1",
        "10, 3, 2, 1, 1",
        "10, 3, 2, 0, 1",
        "10, 1, 1, 0, 0",
        "320, 3, 1, 1, 1",
        "330, 1, 1, 0, 0"
    })
    void convolves(int out, int kernel, int stride, int before, int after) {
        float[] weight = normal(1, out * IN * kernel * kernel);
        float[] bias = normal(2, out);
        assertNear((graph, image) -> image.conv2d(
                graph.constant(weight, out, IN, kernel, kernel),
                graph.constant(bias, out),
                new Window(stride, before, after)));
    }

    @ParameterizedTest
    @CsvSource({"10", "320"})
    void convolvesWhatWasUpsampled(int out) {
        float[] weight = normal(1, out * IN * 9);
        float[] bias = normal(2, out);
        assertNear((graph, image) -> image.upsampleNearest()
                .conv2d(graph.constant(weight, out, IN, 3, 3), graph.constant(bias, out), Window.same(3)));
    }

    @Test
    void convolvesWithoutBias() {
        float[] weight = normal(1, 10 * IN * 9);
        assertNear((graph, image) -> image.conv2d(graph.constant(weight, 10, IN, 3, 3), null, Window.same(3)));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void multiplies(boolean biased) {
        float[] weight = normal(1, 10 * IN);
        float[] bias = normal(2, 10);
        assertNear((graph, image) -> image.reshape(Tensor.KEEP, Tensor.KEEP, -1)
                .transpose(1, 2)
                .linear(graph.constant(weight, 10, IN), biased ? graph.constant(bias, 10) : null));
    }

    /** A token of a hundred times the values takes nothing from the one beside it. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void multipliesEachTokenWithAScaleOfItsOwn(boolean biased) {
        float[] weight = normal(1, 10 * IN);
        float[] bias = normal(2, 10);
        float[] tokens = normal(3, 4 * IN);
        for (int i = 0; i < IN; i++) {
            tokens[i] *= 100;
            tokens[3 * IN + i] = 0;
        }
        float[][] both = new float[2][];
        for (int way = 0; way < 2; way++) {
            Graph graph = graph(way == 0 ? LayerForm.exact() : new LayerForm.PerToken());
            Tensor x = graph.input("x", DType.F32, "batch", 4, IN);
            Tensor y = x.linear(graph.constant(weight, 10, IN), biased ? graph.constant(bias, 10) : null);
            graph.output("y", (GraphTensor) y, "batch", 4, 10);
            try (GraphSession session = GraphRun.open(graph.model(), Path.of(""))) {
                both[way] = GraphRun.floats(session, Map.of("x", GraphRun.tensor(tokens, 1, 4, IN)), "y", 1, 4, 10);
            }
        }

        for (int token = 0; token < 3; token++) {
            float[] wanted = Arrays.copyOfRange(both[0], 10 * token, 10 * token + 10);
            float[] found = Arrays.copyOfRange(both[1], 10 * token, 10 * token + 10);
            assertThat(relativeError(found, wanted)).isGreaterThan(0).isLessThan(RELATIVE);
        }
        assertThat(Arrays.copyOfRange(both[1], 30, 40)).isEqualTo(Arrays.copyOfRange(both[0], 30, 40));
    }

    /** What makes pixels of 128 channels, or the first channels of latents. */
    @ParameterizedTest
    @CsvSource({"3, 16", "16, 4"})
    void aNarrowLayerStaysAsItIs(int out, int in) {
        Graph graph = graph(new LayerForm.Int8(new Quantization(
                List.of(layer(new float[] {-1, 1}, new float[] {-1, 1})), false)));
        Tensor image = graph.input("x", DType.F32, "batch", in, "height", "width");
        image.conv2d(graph.constant(new float[out * in], out, in, 1, 1), null, Window.same(1));

        assertThat(graph.model().getGraph().getNodeList())
                .extracting(node -> node.getOpType())
                .containsExactly("Conv");
    }

    /** The first gives values from 0 on, and the second takes them as they are. */
    @Test
    void aReluBetweenConvolutionsTakesNothing() {
        float[] first = normal(1, 10 * IN * 9);
        float[] second = normal(2, 12 * 10);
        float[] image = normal(3, 2 * IN * 6 * 4);
        Network beginning = (graph, x) -> x.conv2d(graph.constant(first, 10, IN, 3, 3), null, Window.same(3));
        Network rectified = (graph, x) -> beginning.of(graph, x).activate(Activation.RELU);
        Network whole =
                (graph, x) -> rectified.of(graph, x).conv2d(graph.constant(second, 12, 10, 1, 1), null, Window.same(1));
        float[] between = run(graph(LayerForm.exact()), rectified, image);
        float[] wanted = run(graph(LayerForm.exact()), whole, image);
        Graph graph = graph(new LayerForm.Int8(new Quantization(
                List.of(layer(image, run(graph(LayerForm.exact()), beginning, image)), layer(between, wanted)),
                false)));

        assertThat(relativeError(run(graph, whole, image), wanted))
                .isGreaterThan(0)
                .isLessThan(RELATIVE);
        assertThat(graph.model().getGraph().getNodeList())
                .extracting(node -> node.getOpType())
                .doesNotContain("Relu")
                .containsOnlyOnce("DequantizeLinear");
    }

    /** What two layers read is quantised once. */
    @Test
    void quantisesAnInputOnce() {
        Quantization both =
                new Quantization(Collections.nCopies(2, layer(new float[] {-1, 1}, new float[] {-1, 1})), false);
        Graph graph = graph(new LayerForm.Int8(both));
        GraphTensor x = graph.input("x", DType.F32, "batch", 4, IN);
        Tensor first = x.linear(graph.constant(normal(1, 10 * IN), 10, IN), null);
        Tensor second = x.linear(graph.constant(normal(2, 10 * IN), 10, IN), null);
        graph.output("y", (GraphTensor) first.add(second), "batch", 4, 10);

        assertThat(graph.model().getGraph().getNodeList())
                .filteredOn(node -> node.getOpType().equals("QuantizeLinear")
                        && node.getInput(0).equals("x"))
                .hasSize(1);
    }

    private interface Network {
        Tensor of(Graph graph, Tensor image);
    }

    private static void assertNear(Network network) {
        float[] image = normal(3, 2 * IN * 6 * 4);
        Graph exact = graph(LayerForm.exact());
        float[] wanted = run(exact, network, image);
        Quantization quantization = new Quantization(List.of(layer(image, wanted)), false);

        float[] found = run(graph(new LayerForm.Int8(quantization)), network, image);

        assertThat(relativeError(found, wanted)).isGreaterThan(0).isLessThan(RELATIVE);
    }

    private static double relativeError(float[] found, float[] wanted) {
        assertThat(found).hasSameSizeAs(wanted);
        double squares = 0;
        double errors = 0;
        for (int i = 0; i < wanted.length; i++) {
            squares += wanted[i] * wanted[i];
            errors += (found[i] - wanted[i]) * (found[i] - wanted[i]);
        }
        return Math.sqrt(errors / squares);
    }

    private static float[] run(Graph graph, Network network, float[] image) {
        GraphTensor y = (GraphTensor) network.of(graph, graph.input("x", DType.F32, "batch", IN, "height", "width"));
        int rank = y.shape().rank();
        Object[] names = rank == 4 ? new Object[] {"b", "c", "h", "w"} : new Object[] {"b", "n", "c"};
        graph.output("y", y, names);
        Graph counting = graph(LayerForm.exact());
        GraphTensor counted = (GraphTensor) network.of(counting, counting.input("x", DType.F32, 2, IN, 6, 4));
        return run(graph, image, counted.shape().sizes());
    }

    private static float[] run(Graph graph, float[] image, long... sizes) {
        try (GraphSession session = GraphRun.open(graph.model(), Path.of(""))) {
            return GraphRun.floats(session, Map.of("x", GraphRun.tensor(image, 2, IN, 6, 4)), "y", sizes);
        }
    }

    private static Graph graph(LayerForm layers) {
        return new Graph("test", Graph.relativeTo(Path.of("")), DType.F32, ConvolutionForm.direct(), layers);
    }

    private static Layer layer(float[] input, float[] output) {
        return new Layer(range(input), range(output), false);
    }

    private static Range range(float[] values) {
        float[] sorted = values.clone();
        Arrays.sort(sorted);
        return Range.of(sorted[0], sorted[sorted.length - 1]);
    }

    private static float[] normal(long seed, int count) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
