package dev.swiftbrush.train.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.export.LoraExport;
import dev.swiftbrush.train.export.WeightSource;
import dev.swiftbrush.train.reference.Golden;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters beside layers of a UNet, held against a UNet whose own weights they were added to. */
class LoraAdaptersTest {
    private static final int RANK = 4;
    private static final double ALPHA = 6;

    /** Sums in another order, in single precision. */
    private static final double TOLERANCE = 1e-5;

    private final Checkpoint checkpoint = Golden.checkpoint("sd1"); // its proj_in is a convolution
    private final Map<String, Shape> network = checkpoint.unet().weights();

    @BeforeAll
    static void load() {
        Torch.start(1);
    }

    @Test
    void haveTheShapesOfPeft() {
        Map<String, Shape> shapes = LoraAdapters.shapes(network, List.of("conv_in", "attn2.to_v"), RANK);

        Shape kernel = network.get("conv_in.weight");
        assertThat(shapes)
                .containsEntry("conv_in.lora_A.weight", Shape.of(RANK, kernel.get(1), 3, 3))
                .containsEntry("conv_in.lora_B.weight", Shape.of(kernel.get(0), RANK, 1, 1));
        Shape matrix = network.get("mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight");
        assertThat(shapes)
                .containsEntry(
                        "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.lora_A.weight",
                        Shape.of(RANK, matrix.get(1)))
                .containsEntry(
                        "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.lora_B.weight",
                        Shape.of(matrix.get(0), RANK));
        assertThat(shapes.keySet()).noneMatch(name -> name.contains("attn1"));
    }

    @Test
    void aTargetThatIsNoLayerIsRefused() {
        for (String target : List.of("to_x", "norm1")) {
            assertThatThrownBy(() -> LoraAdapters.shapes(network, List.of("to_q", target), RANK))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "LoRA target '%s' fits no linear layer and no convolution of the network; a target is the end of a name such as to_q, attn2.to_v or conv1",
                            target);
        }
    }

    @Test
    void beginWithoutAnyEffect() {
        FlatTensor adapters = adapters(List.of("conv1", "to_q"));
        LoraAdapters.initialise(adapters, 7);

        assertThat(predict(checkpoint(), adapters)).isEqualTo(predict(checkpoint(), null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "to_q",
                "conv1",
                "conv_in",
                "conv_shortcut",
                "downsamplers.0.conv",
                "upsamplers.0.conv",
                "proj_in"
            })
    void addWhatMergedWeightsHave(String target) {
        FlatTensor adapters = adapters(List.of(target));
        Random random = new Random(3);
        for (String name : adapters.names()) {
            float[] values = new float[adapters.view(name).toFloats().length];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.1 * random.nextGaussian());
            }
            adapters.set(name, values);
        }
        WeightSource merged = new LoraExport(adapters.shapes(), ALPHA).merged(checkpoint(), adapters::read);
        float[] expected = predict(merged, null);

        assertThat(Golden.distance(predict(checkpoint(), adapters), expected)).isLessThan(TOLERANCE);
        assertThat(Golden.distance(predict(checkpoint(), null), expected)).isGreaterThan(100 * TOLERANCE);
    }

    private FlatTensor adapters(List<String> targets) {
        return FlatTensor.zeros(LoraAdapters.shapes(network, targets, RANK), TorchDevice.cpu(), DType.F32);
    }

    private WeightSource checkpoint() {
        return WeightSource.stored(checkpoint.unetWeights().tensors());
    }

    private float[] predict(WeightSource source, FlatTensor adapters) {
        FlatTensor flat = FlatTensor.zeros(network, TorchDevice.cpu(), DType.F32);
        flat.names()
                .forEach(name ->
                        flat.set(name, floats(source, name, flat.view(name).toFloats().length)));
        TorchWeights weights = TorchWeights.frozen(flat);
        if (adapters != null) {
            weights = weights.with(new LoraAdapters(new Parameters(adapters, DType.F32, false), ALPHA / RANK));
        }
        Golden golden = Golden.of("gradients/sd1-unet");
        try (NoGrad noGrad = NoGrad.begin()) {
            TorchTensor timesteps = GradientsTest.sinusoids(
                    golden.integers("timesteps"), checkpoint.unet().config());
            return ((TorchTensor) checkpoint
                            .unet()
                            .predict(
                                    Scope.of(weights),
                                    golden.tensor("sample"),
                                    timesteps,
                                    null,
                                    golden.tensor("encoder_hidden_states")))
                    .toFloats();
        }
    }

    private static float[] floats(WeightSource source, String name, int count) {
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        source.read(name, bytes::put);
        float[] floats = new float[count];
        bytes.flip().asFloatBuffer().get(floats);
        return floats;
    }
}
