package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Group normalisation in many operators, against double precision. */
class GroupNormNodesTest {
    private static final int BATCH = 2;
    private static final int CHANNELS = 8;
    private static final int HEIGHT = 6;
    private static final int WIDTH = 4;
    private static final double EPS = 1e-6;

    /** However far the mean is from 0: a float's own rounding of such values is 4e-6 where the mean is 100. */
    @ParameterizedTest
    @CsvSource({"1, 0, 1e-6", "2, 0, 1e-6", "8, 0, 1e-6", "2, 3, 2e-6", "2, 100, 2e-5"})
    void normalisesGroups(int groups, float mean, double most) {
        assertThat(error(groups, mean, LayerForm.exact())).isLessThan(most); // measured: 4.7e-7, and 5.4e-6 around 100
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 0", "8, 0", "2, 3"})
    void beside8BitsALittleIsLost(int groups, float mean) {
        LayerForm coarse = new LayerForm.Int8(new Quantization(List.of(), false));
        assertThat(error(groups, mean, coarse)).isLessThan(2e-5); // measured: 3e-6 around 0, 1e-5 around 3
    }

    /** Those of small images are one operator: a graph of many nodes takes long to open. */
    @Test
    void onlyLargeImagesAreSpread() {
        ConvolutionForm.Survey survey = new ConvolutionForm.Survey(8, 8);
        assertThat(survey.spreadsNorm(Shape.of(1, 128, 128, 128))).isTrue();
        assertThat(survey.spreadsNorm(Shape.of(1, 1280, 64, 64))).isFalse();

        ConvolutionForm.Choice again = survey.again();
        Shape open = Shape.of(Shape.UNKNOWN, 128, Shape.UNKNOWN, Shape.UNKNOWN);
        assertThat(again.spreadsNorm(open)).isTrue();
        assertThat(again.spreadsNorm(open)).isFalse();
    }

    /** The largest. */
    private static double error(int groups, float mean, LayerForm layers) {
        Random random = new Random(3);
        float[] image = normal(random, BATCH * CHANNELS * HEIGHT * WIDTH);
        for (int i = 0; i < image.length; i++) {
            image[i] += mean;
        }
        float[] weight = normal(random, CHANNELS);
        float[] bias = normal(random, CHANNELS);
        ConvolutionForm.Choice spread = new ConvolutionForm.Again(
                Collections.emptyIterator(), List.of(true).iterator());
        Graph graph = new Graph("test", Graph.relativeTo(Path.of("")), DType.F32, spread, layers);
        Tensor x = graph.input("x", DType.F32, "batch", CHANNELS, "height", "width");
        Tensor y = x.groupNorm(groups, graph.constant(weight, CHANNELS), graph.constant(bias, CHANNELS), EPS);
        graph.output("y", (GraphTensor) y, "batch", CHANNELS, "height", "width");
        float[] found;
        try (GraphSession session = GraphRun.open(graph.model(), Path.of(""))) {
            long[] sizes = {BATCH, CHANNELS, HEIGHT, WIDTH};
            found = GraphRun.floats(session, Map.of("x", GraphRun.tensor(image, sizes)), "y", sizes);
        }
        double largest = 0;
        int each = CHANNELS / groups * HEIGHT * WIDTH;
        for (int start = 0; start < image.length; start += each) {
            double sum = 0;
            double squares = 0;
            for (int i = start; i < start + each; i++) {
                sum += image[i];
            }
            for (int i = start; i < start + each; i++) {
                squares += Math.pow(image[i] - sum / each, 2);
            }
            double deviation = Math.sqrt(squares / each + EPS);
            for (int i = start; i < start + each; i++) {
                int channel = i / (HEIGHT * WIDTH) % CHANNELS;
                double wanted = (image[i] - sum / each) / deviation * weight[channel] + bias[channel];
                largest = Math.max(largest, Math.abs(found[i] - wanted));
            }
        }
        return largest;
    }

    private static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
