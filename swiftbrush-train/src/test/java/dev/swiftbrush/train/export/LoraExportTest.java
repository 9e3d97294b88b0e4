package dev.swiftbrush.train.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraExportTest {
    private static final Map<String, Shape> SHAPES = Map.of(
            "mid.to_q.lora_A.weight", Shape.of(1, 3),
            "mid.to_q.lora_B.weight", Shape.of(2, 1),
            "mid.to_v.lora_A.weight", Shape.of(1, 2),
            "mid.to_v.lora_B.weight", Shape.of(2, 1));

    private static final Map<String, float[]> VALUES = Map.of(
            "mid.to_q.weight", new float[] {1, 2, 3, 4, 5, 6},
            "mid.to_q.lora_A.weight", new float[] {1, 10, 100},
            "mid.to_q.lora_B.weight", new float[] {2, -1},
            "mid.to_v.lora_A.weight", new float[] {0.5f, 0.25f},
            "mid.to_v.lora_B.weight", new float[] {1, 1},
            "norm.weight", new float[] {7});

    @TempDir
    Path folder;

    @Test
    void writesNamesAndMetadataThatDiffusersReads() throws IOException {
        new LoraExport(SHAPES, 1.5).write(folder, DType.F32, LoraExportTest::read);

        Safetensors file = Safetensors.open(folder.resolve("pytorch_lora_weights.safetensors"));
        assertThat(file.tensors().keySet())
                .containsExactly(
                        "unet.mid.to_q.lora_A.weight",
                        "unet.mid.to_q.lora_B.weight",
                        "unet.mid.to_v.lora_A.weight",
                        "unet.mid.to_v.lora_B.weight");
        assertThat(file.metadata()).containsEntry("format", "pt").hasSize(2);
        ObjectMapper mapper = new ObjectMapper();
        assertThat(mapper.readTree(file.metadata().get("lora_adapter_metadata")))
                .isEqualTo(mapper.readTree("""
                {"unet.r": 1, "unet.lora_alpha": 1.5, "unet.target_modules": ["mid.to_q", "mid.to_v"]}
                """));
        try (MappedWeights mapped = new MappedWeights()) {
            assertThat(mapped.floats(file.tensors().get("unet.mid.to_q.lora_A.weight")))
                    .containsExactly(1, 10, 100);
        }
    }

    @Test
    void mergesAsTheLayersWouldAdd() {
        WeightSource merged = new LoraExport(SHAPES, 3).merged(LoraExportTest::read, LoraExportTest::read);

        // scale 3: W + 3 * B A
        assertThat(floats(merged, "mid.to_q.weight")).containsExactly(7f, 62f, 603f, 1f, -25f, -294f);
        assertThat(floats(merged, "norm.weight")).containsExactly(7f);
    }

    @Test
    void knowsItsRankAndScale() {
        LoraExport lora =
                new LoraExport(Map.of("q.lora_A.weight", Shape.of(64, 320), "q.lora_B.weight", Shape.of(320, 64)), 108);
        assertThat(lora.rank()).isEqualTo(64);
        assertThat(lora.scale()).isEqualTo(1.6875);
    }

    @Test
    void refusesWhatDoesNotBelongTogether() {
        assertThatThrownBy(() -> new LoraExport(Map.of(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("there must be adapters and a positive alpha, but there were 0 and 1.0");
        assertThatThrownBy(() -> new LoraExport(SHAPES, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("there must be adapters and a positive alpha, but there were 4 and 0.0");
        assertThatThrownBy(() -> new LoraExport(Map.of("a.lora_A.weight", Shape.of(1, 2)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'a.lora_A.weight' must be one of two matrices or kernels X.lora_A.weight and X.lora_B.weight");
        assertThatThrownBy(() ->
                        new LoraExport(Map.of("a.lora_A.weight", Shape.of(1, 2), "a.lora_B.weight", Shape.of(2, 3)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("all adapters must have one rank, but 'a.lora_B.weight' has 3 and others have 1");
    }

    @Test
    void refusesWeightsOfAnotherSize() {
        WeightSource merged =
                new LoraExport(SHAPES, 3).merged((name, sink) -> read("norm.weight", sink), LoraExportTest::read);
        assertThatThrownBy(() -> merged.read("mid.to_q.weight", chunk -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("weight 'mid.to_q.weight' must have 6 elements, but has 1");
    }

    private static void read(String name, Consumer<ByteBuffer> sink) {
        for (float value : VALUES.get(name)) { // a chunk for each
            sink.accept(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, value));
        }
    }

    private static List<Float> floats(WeightSource source, String name) {
        List<Float> floats = new ArrayList<>();
        source.read(name, chunk -> {
            for (int i = chunk.position(); i < chunk.limit(); i += Float.BYTES) {
                floats.add(chunk.order(ByteOrder.LITTLE_ENDIAN).getFloat(i));
            }
        });
        return floats;
    }
}
