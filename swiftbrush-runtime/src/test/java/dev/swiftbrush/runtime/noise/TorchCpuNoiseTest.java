package dev.swiftbrush.runtime.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.NoiseGenerator;
import java.io.IOException;
import java.io.InputStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Against torch.randn of PyTorch 2.15.0, recorded by tools/reference/noise.py. */
class TorchCpuNoiseTest {

    /** The largest found is 4.8e-7, over whole tensors: PyTorch approximates logarithm and sine in its vector code. */
    private static final double TOLERANCE = 1e-6;

    @TestFactory
    Stream<DynamicTest> drawsWhatTorchDraws() throws IOException {
        JsonNode recorded;
        try (InputStream in = TorchCpuNoiseTest.class.getResourceAsStream("/noise/torch-cpu-randn.json")) {
            recorded = new ObjectMapper().readTree(in);
        }
        assertThat(recorded.get("draws")).hasSize(108);
        return StreamSupport.stream(recorded.get("draws").spliterator(), false)
                .map(draw -> DynamicTest.dynamicTest(
                        "seed " + draw.get("seed") + ", shape " + draw.get("shape"), () -> agrees(draw)));
    }

    private static void agrees(JsonNode draw) {
        int count = 1;
        for (JsonNode side : draw.get("shape")) {
            count *= side.intValue();
        }
        float[] drawn = Noise.draw(NoiseGenerator.TORCH_CPU, draw.get("seed").longValue(), count);
        assertThat(drawn).hasSize(count);
        if (draw.has("values")) {
            assertThat(draw.get("values")).hasSize(count);
            agrees(drawn, 0, draw.get("values"));
        } else {
            agrees(drawn, 0, draw.get("first"));
            agrees(drawn, count - draw.get("last").size(), draw.get("last"));
            sumsAgree(drawn, draw.get("run").intValue(), draw.get("sums"));
        }
    }

    private static void agrees(float[] drawn, int from, JsonNode expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat((double) drawn[from + i])
                    .as("number %d", from + i)
                    .isCloseTo(expected.get(i).doubleValue(), within(TOLERANCE));
        }
    }

    private static void sumsAgree(float[] drawn, int run, JsonNode sums) {
        assertThat(sums.size()).isEqualTo((drawn.length + run - 1) / run);
        for (int i = 0; i < sums.size(); i++) {
            double sum = 0;
            for (int j = i * run; j < Math.min((i + 1) * run, drawn.length); j++) {
                sum += drawn[j];
            }
            // differences of single numbers are random in sign: a run of 64 stays within four of the largest
            assertThat(sum).as("sum %d", i).isCloseTo(sums.get(i).doubleValue(), within(4 * TOLERANCE));
        }
    }

    @Test
    void usesOnlyTheLow32BitsOfTheSeed() {
        assertThat(Noise.draw(NoiseGenerator.TORCH_CPU, 42 + (7L << 32), 20))
                .isEqualTo(Noise.draw(NoiseGenerator.TORCH_CPU, 42, 20));
    }
}
