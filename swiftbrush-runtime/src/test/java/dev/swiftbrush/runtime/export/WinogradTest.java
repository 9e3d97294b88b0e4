package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WinogradTest {
    private static final int IN = 6;
    private static final int OUT = 5;

    private final float[] weight = normal(1, OUT * IN * 9);
    private final float[] bias = normal(2, OUT);

    /** Against the definition of a convolution in double precision; sizes within one tile, of whole tiles and between. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 4, 4", "2, 8, 12", "1, 5, 7", "3, 6, 3", "1, 2, 33", "2, 17, 16"})
    void everySizeAndBatchIsConvolvedAsByTheDefinition(int batch, int height, int width) {
        float[] image = normal(3, batch * IN * height * width);
        double[] expected = convolved(image, batch, height, width);

        assertThat(largestDifference(run(false, image, batch, height, width), expected))
                .isLessThan(6e-5); // measured: 3.1e-5, where values have a standard deviation near 7
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 2, 2", "2, 4, 6", "1, 5, 7", "3, 3, 1", "1, 1, 17", "2, 9, 8"})
    void everySizeAndBatchIsUpsampledAndConvolvedAsByTheDefinition(int batch, int height, int width) {
        float[] image = normal(4, batch * IN * height * width);
        double[] expected = convolved(upsampled(image, height, width), batch, 2 * height, 2 * width);

        assertThat(largestDifference(run(true, image, batch, height, width), expected))
                .isLessThan(1e-4); // measured: 5.3e-5
    }

    /** One more image beside it does not change an image. */
    @Test
    void imagesOfABatchAreConvolvedEachForItself() {
        float[] both = normal(5, 2 * IN * 8 * 8);
        float[] second = Arrays.copyOfRange(both, both.length / 2, both.length);
        float[] together = run(false, both, 2, 8, 8);

        assertThat(Arrays.copyOfRange(together, together.length / 2, together.length))
                .containsExactly(run(false, second, 1, 8, 8), within(6e-5f));
    }

    @ParameterizedTest
    @CsvSource({"WINOGRAD, WINOGRAD_WHOLE, 8, 12", "WINOGRAD_DOUBLED, WINOGRAD_DOUBLED_WHOLE, 6, 4"})
    void wholeTilesAreNotCut(ConvolutionForm any, ConvolutionForm whole, int height, int width) {
        float[] image = normal(5, IN * height * width);

        assertThat(run(whole, image, 1, height, width)).containsExactly(run(any, image, 1, height, width));
        Graph graph = graph(whole);
        output(graph, whole);
        assertThat(operators(graph)).contains("FusedMatMul").doesNotContain("Slice");
    }

    @Test
    void anUpsamplingThatSomethingElseAsksForIsWritten() {
        Graph graph = graph(ConvolutionForm.WINOGRAD_DOUBLED);
        GraphTensor image = graph.input("x", DType.F32, "batch", IN, "height", "width");
        Tensor large = image.upsampleNearest();
        Tensor convolved = convolve(graph, large);
        graph.output("y", (GraphTensor) convolved, "batch", OUT, "height2", "width2");
        assertThat(operators(graph)).doesNotContain("Resize");

        graph.output("z", (GraphTensor) large.add(1), "batch", IN, "height2", "width2");
        assertThat(operators(graph)).containsOnlyOnce("Resize");
    }

    @Test
    void anUpsamplingWhoseConvolutionIsDirectIsWritten() {
        Graph graph = graph(ConvolutionForm.DIRECT);
        convolve(graph, graph.input("x", DType.F32, 1, IN, 4, 4).upsampleNearest());
        assertThat(operators(graph)).contains("Resize");
    }

    /** 36 places, and 25 once half of what they depend on is a repetition; a place takes as much as a kernel's ninth. */
    @Test
    void kernelsTakeMoreMemoryThanTheirWeights() {
        Graph same = graph(ConvolutionForm.WINOGRAD);
        convolve(same, same.input("x", DType.F32, 1, IN, 8, 8));
        Graph doubled = graph(ConvolutionForm.WINOGRAD_DOUBLED);
        convolve(doubled, doubled.input("x", DType.F32, 1, IN, 8, 8).upsampleNearest());

        assertThat(same.keptBytes()).isEqualTo((36 - 9) * IN * OUT * Float.BYTES);
        assertThat(doubled.keptBytes()).isEqualTo((25 - 9) * IN * OUT * Float.BYTES);
    }

    @Test
    void kernelsAreTransformedOnceWhenTheGraphIsOpened(@TempDir Path folder) throws Exception {
        for (ConvolutionForm form : List.of(ConvolutionForm.WINOGRAD, ConvolutionForm.WINOGRAD_DOUBLED)) {
            Graph graph = graph(form);
            Tensor image = graph.input("x", DType.F32, "batch", IN, "height", "width");
            GraphTensor y =
                    (GraphTensor) convolve(graph, form == ConvolutionForm.WINOGRAD ? image : image.upsampleNearest());
            graph.output("y", y, "batch", OUT, "height2", "width2");
            assertThat(operators(graph)).contains("Gemm");

            assertThat(OptimizedGraph.operators(graph.model(), folder))
                    .doesNotContain("Gemm")
                    .contains("FusedMatMul");
        }
    }

    @Test
    void whatHangsOnTheTimestepAloneIsComputedWhenTheGraphIsOpened(@TempDir Path folder) throws Exception {
        Graph graph = new Graph("test", Path.of(""), DType.F32);
        Tensor time = graph.constant(normal(6, 4), 1, 4);
        Tensor embedding = time.linear(graph.constant(normal(7, 8), 2, 4), graph.constant(normal(8, 2), 2));
        Tensor image = graph.input("x", DType.F32, "batch", 2, "height", "width");
        Tensor shift = embedding.activate(Activation.SILU).linear(graph.constant(normal(9, 4), 2, 2), null);
        graph.output("y", (GraphTensor) image.add(shift.unsqueeze(-1).unsqueeze(-1)), "batch", 2, "height", "width");

        assertThat(OptimizedGraph.operators(graph.model(), folder)).containsExactly("Add");
    }

    /** What a run takes at most: products beside what they come from. */
    @Test
    void memoryIsCountedWithoutTheKernels() {
        Graph graph = graph(ConvolutionForm.WINOGRAD);
        convolve(graph, graph.input("x", DType.F32, 1, IN, 64, 64));
        long tiles = 16 * 16;
        long places = 36 * IN * tiles * Float.BYTES;
        long products = 36 * OUT * tiles * Float.BYTES;

        assertThat(graph.peakBytes()).isBetween(places + products, 3 * (places + products)); // views count as copies
    }

    @ParameterizedTest
    @CsvSource({
        "128, 128, 64, 64, false, 16, WINOGRAD_WHOLE",
        "128, 128, 64, 64, false, 32, WINOGRAD", // in twice the least size, so images may be 62 pixels high
        "126, 128, 64, 64, false, 8, DIRECT", // few channels
        "128, 3, 512, 512, false, 8, DIRECT",
        "129, 128, 64, 64, false, 8, DIRECT", // no even number of channels
        "1280, 1280, 32, 64, false, 8, DIRECT", // a small image
        "64, 64, 32, 32, true, 8, WINOGRAD_DOUBLED_WHOLE",
        "64, 64, 32, 32, true, 16, WINOGRAD_DOUBLED",
        "62, 64, 32, 32, true, 8, DIRECT",
        "1280, 1280, 16, 16, true, 8, DIRECT",
    })
    void theFormDependsOnChannelsAndPixels(
            int in, int out, int height, int width, boolean doubled, int least, ConvolutionForm expected) {
        ConvolutionForm.Survey survey = new ConvolutionForm.Survey(least, 1);
        assertThat(survey.next(Shape.of(1, in, height, width), Shape.of(out, in, 3, 3), Window.same(3), doubled))
                .isEqualTo(expected);
        assertThat(survey.again().next(Shape.of(), Shape.of(), Window.halve(), false))
                .isEqualTo(expected);
    }

    @Test
    void onlyConvolutionsThatKeepTheSizeAreDoneByWinograd() {
        Shape image = Shape.of(1, 128, 64, 64);
        ConvolutionForm.Survey survey = new ConvolutionForm.Survey(8, 8);
        survey.next(image, Shape.of(128, 128, 3, 3), Window.halve(), false);
        survey.next(image, Shape.of(128, 128, 3, 3), Window.halvePaddedAfter(), false);
        survey.next(image, Shape.of(128, 128, 1, 1), Window.same(1), false);
        survey.next(image, Shape.of(128, 128, 5, 5), Window.same(5), false);
        assertThat(survey.chosen()).containsOnly(ConvolutionForm.DIRECT).hasSize(4);
    }

    private static Graph graph(ConvolutionForm form) {
        return new Graph(
                "test",
                Graph.relativeTo(Path.of("")),
                DType.F32,
                (image, weight, window, doubled) -> form,
                LayerForm.exact());
    }

    private Tensor convolve(Graph graph, Tensor image) {
        return image.conv2d(graph.constant(weight, OUT, IN, 3, 3), graph.constant(bias, OUT), Window.same(3));
    }

    private static List<String> operators(Graph graph) {
        return graph.model().getGraph().getNodeList().stream()
                .map(node -> node.getOpType())
                .toList();
    }

    private float[] run(boolean doubled, float[] values, int batch, int height, int width) {
        return run(doubled ? ConvolutionForm.WINOGRAD_DOUBLED : ConvolutionForm.WINOGRAD, values, batch, height, width);
    }

    private static boolean isDoubled(ConvolutionForm form) {
        return form == ConvolutionForm.WINOGRAD_DOUBLED || form == ConvolutionForm.WINOGRAD_DOUBLED_WHOLE;
    }

    private void output(Graph graph, ConvolutionForm form) {
        Tensor image = graph.input("x", DType.F32, "batch", IN, "height", "width");
        Tensor convolved = convolve(graph, isDoubled(form) ? image.upsampleNearest() : image);
        graph.output("y", (GraphTensor) convolved, "batch", OUT, "height2", "width2");
    }

    private float[] run(ConvolutionForm form, float[] values, int batch, int height, int width) {
        Graph graph = graph(form);
        output(graph, form);
        int scale = isDoubled(form) ? 2 : 1;
        try (GraphSession session = GraphRun.open(graph.model(), Path.of(""))) {
            return GraphRun.floats(
                    session,
                    Map.of("x", GraphRun.tensor(values, batch, IN, height, width)),
                    "y",
                    batch,
                    OUT,
                    (long) scale * height,
                    (long) scale * width);
        }
    }

    private double[] convolved(float[] image, int batch, int height, int width) {
        double[] result = new double[batch * OUT * height * width];
        for (int i = 0; i < result.length; i++) {
            int column = i % width;
            int row = i / width % height;
            int out = i / width / height % OUT;
            int first = i / width / height / OUT * IN;
            result[i] = bias[out];
            for (int in = 0; in < IN; in++) {
                for (int tap = 0; tap < 9; tap++) {
                    int y = row + tap / 3 - 1;
                    int x = column + tap % 3 - 1;
                    if (y >= 0 && y < height && x >= 0 && x < width) {
                        result[i] += (double) weight[(out * IN + in) * 9 + tap]
                                * image[((first + in) * height + y) * width + x];
                    }
                }
            }
        }
        return result;
    }

    private static float[] upsampled(float[] image, int height, int width) {
        float[] result = new float[4 * image.length];
        for (int i = 0; i < result.length; i++) {
            int column = i % (2 * width);
            int row = i / (2 * width) % (2 * height);
            int channel = i / (4 * width * height);
            result[i] = image[(channel * height + row / 2) * width + column / 2];
        }
        return result;
    }

    private static double largestDifference(float[] actual, double[] expected) {
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
        }
        return largest;
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
