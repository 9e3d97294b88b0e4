package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention as a graph against the textbook's formula in double precision. */
class AttentionTest {
    private static final int BATCH = 2;
    private static final float LARGEST_HALF = 65504;

    /** Sequences of one batch, {@code [BATCH, length, width]}. */
    private record Sequences(int length, int width, float[] values) {
        static Sequences random(int length, int width, long seed) {
            Random random = new Random(seed);
            float[] values = new float[BATCH * length * width];
            for (int i = 0; i < values.length; i++) {
                values[i] = (random.nextInt(513) - 256) / 128f; // exact in half precision
            }
            return new Sequences(length, width, values);
        }

        static Sequences filled(int length, int width, float value) {
            float[] values = new float[BATCH * length * width];
            Arrays.fill(values, value);
            return new Sequences(length, width, values);
        }

        double get(int batch, int position, int channel) {
            return values[index(batch, position, channel)];
        }

        void set(int batch, int position, int channel, float value) {
            values[index(batch, position, channel)] = value;
        }

        private int index(int batch, int position, int channel) {
            return (batch * length + position) * width + channel;
        }

        HostTensor tensor() {
            return GraphRun.tensor(values, BATCH, length, width);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, 1, 1e-6", "F32, 3, 1e-6", "F16, 1, 2e-3", "F16, 3, 2e-3"})
    void everyHeadAttendsByItself(DType compute, int heads, double tolerance) {
        Sequences query = Sequences.random(5, 12, 1);
        Sequences key = Sequences.random(7, 12, 2);
        Sequences value = Sequences.random(7, 12, 3);

        assertClose(
                run(query, key, value, heads, false, compute), expected(query, key, value, heads, false), tolerance);
    }

    @ParameterizedTest
    @CsvSource({"F32, 1e-6", "F16, 2e-3"})
    void aCausalPositionSeesNoneBehindIt(DType compute, double tolerance) {
        Sequences query = Sequences.random(6, 12, 4);
        Sequences key = Sequences.random(6, 12, 5);
        Sequences value = Sequences.random(6, 12, 6);

        double[] expected = expected(query, key, value, 3, true);
        assertClose(run(query, key, value, 3, true, compute), expected, tolerance);
        for (int channel = 0; channel < 12; channel++) { // the first position sees only itself
            assertThat(expected[channel]).isEqualTo(value.get(0, 0, channel));
        }
    }

    /** The scores are near 800,000 and one apart, so that half precision would be infinite and single precision exact. */
    @ParameterizedTest
    @CsvSource({"F16, false", "F16, true", "F32, false", "F32, true"})
    void scoresBeyondHalfPrecisionDoNotOverflow(DType compute, boolean causal) {
        Sequences query = Sequences.filled(6, 64, 320);
        Sequences key = Sequences.filled(6, 64, 320);
        Sequences value = Sequences.random(6, 64, 7);
        for (int batch = 0; batch < BATCH; batch++) {
            for (int position = 0; position < 6; position++) {
                query.set(batch, position, 0, 8);
                key.set(batch, position, 0, (position * 5 + batch) % 6);
            }
        }
        assertThat(Arrays.stream(scores(query, key, 1, 0, 0, 0, 6)).min().orElseThrow())
                .isGreaterThan(LARGEST_HALF);

        assertClose(run(query, key, value, 1, causal, compute), expected(query, key, value, 1, causal), 3e-3);
    }

    @Test
    void theWeightsOfAPositionAddUpToOne() {
        Sequences sequences = Sequences.random(4, 6, 8);
        Sequences ones = Sequences.filled(4, 6, 1);

        assertClose(run(sequences, sequences, ones, 2, true, DType.F32), expected(ones, ones, ones, 2, true), 1e-6);
    }

    private static float[] run(
            Sequences query, Sequences key, Sequences value, int heads, boolean causal, DType compute) {
        Graph graph = new Graph("attention", Path.of(""), compute);
        Tensor result = input(graph, "query", query)
                .attention(input(graph, "key", key), input(graph, "value", value), heads, causal);
        graph.output("result", ((GraphTensor) result).cast(DType.F32), "batch", query.length(), query.width());
        return GraphRun.floats(
                graph.model(),
                Path.of(""),
                Map.of("query", query.tensor(), "key", key.tensor(), "value", value.tensor()),
                "result",
                BATCH,
                query.length(),
                query.width());
    }

    private static Tensor input(Graph graph, String name, Sequences sequences) {
        return graph.input(name, DType.F32, "batch", sequences.length(), sequences.width())
                .cast(graph.compute());
    }

    private static double[] expected(Sequences query, Sequences key, Sequences value, int heads, boolean causal) {
        int width = query.width() / heads;
        double[] result = new double[query.values().length];
        for (int batch = 0; batch < BATCH; batch++) {
            for (int head = 0; head < heads; head++) {
                for (int position = 0; position < query.length(); position++) {
                    int seen = causal ? position + 1 : key.length();
                    double[] weights = softmax(scores(query, key, heads, batch, head, position, seen));
                    for (int channel = head * width; channel < (head + 1) * width; channel++) {
                        for (int other = 0; other < seen; other++) {
                            result[query.index(batch, position, channel)] +=
                                    weights[other] * value.get(batch, other, channel);
                        }
                    }
                }
            }
        }
        return result;
    }

    private static double[] scores(
            Sequences query, Sequences key, int heads, int batch, int head, int position, int seen) {
        int width = query.width() / heads;
        double[] scores = new double[seen];
        for (int other = 0; other < seen; other++) {
            for (int channel = head * width; channel < (head + 1) * width; channel++) {
                scores[other] +=
                        query.get(batch, position, channel) * key.get(batch, other, channel) / Math.sqrt(width);
            }
        }
        return scores;
    }

    private static double[] softmax(double[] scores) {
        double largest = Arrays.stream(scores).max().orElseThrow();
        double[] weights =
                Arrays.stream(scores).map(score -> Math.exp(score - largest)).toArray();
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / sum).toArray();
    }

    private static void assertClose(float[] values, double[] expected, double tolerance) {
        assertThat(values).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) values[i]).as("value %d", i).isCloseTo(expected[i], within(tolerance));
        }
    }
}
