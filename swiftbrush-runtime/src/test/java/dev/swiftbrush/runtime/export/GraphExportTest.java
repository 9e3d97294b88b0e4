package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.export.Quantization.Range;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GraphExportTest {
    private static final Path FOLDER = Reference.folder("sd2");
    private static final int TOKENS = 77;
    private static final int WIDTH = 18;

    private final Checkpoint checkpoint = Checkpoint.open(FOLDER, false);
    private final OneStep recipe =
            Recipes.preset("swiftbrush").resolve(FOLDER.resolve("scheduler/scheduler_config.json"));

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16"})
    void theSameCheckpointGivesTheSameBytes(DType compute) {
        assertThat(new GraphExport(checkpoint, compute).generator(recipe).toByteArray())
                .isEqualTo(new GraphExport(Checkpoint.open(FOLDER, false), compute)
                        .generator(recipe)
                        .toByteArray());
        assertThat(new GraphExport(checkpoint, compute).textEncoder(TOKENS).toByteArray())
                .isEqualTo(new GraphExport(Checkpoint.open(FOLDER, false), compute)
                        .textEncoder(TOKENS)
                        .toByteArray());
    }

    /** Caches keep graphs under their revision: whoever changes what is exported raises it, and writes the new sum here. */
    @Test
    void graphsThatComeOutDifferentlyHaveANewRevision() throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (DType compute : List.of(DType.F32, DType.F16)) {
            GraphExport export = new GraphExport(checkpoint, compute);
            digest.update(export.generator(recipe).toByteArray());
            digest.update(export.textEncoder(TOKENS).toByteArray());
        }
        Range range = Range.of(-1, 1);
        Quantization enough = new Quantization(Collections.nCopies(1000, new Layer(range, range, false)), true);
        GraphExport int8 = new GraphExport(checkpoint, DType.F32, GraphProfile.CPU).with(enough);
        digest.update(int8.generator(recipe).toByteArray());
        digest.update(int8.textEncoder(TOKENS).toByteArray());
        for (ConvolutionForm form : ConvolutionForm.values()) { // this checkpoint is too small for all but one
            digest.update(convolution(form).toByteArray());
        }
        digest.update(norm().toByteArray());
        assertThat(GraphExport.REVISION + " " + HexFormat.of().formatHex(digest.digest()))
                .isEqualTo("6 2601466a7a1dc9ee82d2db13c4a1ba7c21155e7729f0e8c180b0abbe9ed93054");
    }

    private static ModelProto norm() {
        ConvolutionForm.Choice spread = new ConvolutionForm.Again(
                Collections.emptyIterator(), List.of(true).iterator());
        Graph graph = new Graph("test", Graph.relativeTo(FOLDER), DType.F32, spread, LayerForm.exact());
        Tensor image = graph.input("x", DType.F32, "batch", 4, "height", "width");
        Tensor weight = graph.constant(new float[4], 4);
        graph.output("y", (GraphTensor) image.groupNorm(2, weight, weight, 1e-6), "batch", 4, "height", "width");
        return graph.model();
    }

    private static ModelProto convolution(ConvolutionForm form) {
        Graph graph = new Graph(
                "test",
                Graph.relativeTo(FOLDER),
                DType.F32,
                (image, weight, window, doubled) -> form,
                LayerForm.exact());
        Tensor image = graph.input("x", DType.F32, "batch", 2, "height", "width");
        Tensor weight = graph.constant(new float[3 * 2 * 9], 3, 2, 3, 3);
        Tensor bias = graph.constant(new float[3], 3);
        graph.output("y", (GraphTensor) image.upsampleNearest().conv2d(weight, bias, Window.same(3)), "b", 3, "h", "w");
        return graph.model();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16"})
    void everyWeightStaysInItsFileAndIsNamedOnce(DType compute) {
        GraphProto graph =
                new GraphExport(checkpoint, compute).generator(recipe).getGraph();

        List<TensorProto> weights = graph.getInitializerList().stream()
                .filter(tensor -> tensor.getName().contains("/"))
                .toList();
        long decoder = checkpoint.autoencoder().weights().keySet().stream()
                .filter(name -> name.startsWith("decoder.") || name.startsWith("post_quant_conv."))
                .count();
        assertThat(weights).hasSize(Math.toIntExact(checkpoint.unet().weights().size() + decoder));
        assertThat(weights).extracting(TensorProto::getName).doesNotHaveDuplicates();
        assertThat(weights).allSatisfy(tensor -> {
            assertThat(tensor.getDataLocation()).isEqualTo(TensorProto.DataLocation.EXTERNAL);
            assertThat(tensor.getRawData().isEmpty()).isTrue();
        });
    }

    @Test
    void aGraphIsSmallBecauseItHoldsNoWeights() {
        GraphExport export = new GraphExport(checkpoint, DType.F32);
        long weights = checkpoint.unetWeights().tensors().values().stream()
                .mapToLong(tensor -> tensor.byteLength())
                .sum();

        assertThat(constantBytes(export.generator(recipe))).isLessThan(2000);
        assertThat(constantBytes(export.textEncoder(TOKENS)))
                .isLessThan(TOKENS * TOKENS * Float.BYTES + 1000); // its mask
        assertThat(weights).isGreaterThan(100_000);
    }

    @Test
    void batchHeightAndWidthAreOpen() {
        GraphProto graph =
                new GraphExport(checkpoint, DType.F32).generator(recipe).getGraph();

        assertThat(graph.getInputList())
                .extracting(GraphExportTest::signature)
                .containsExactly(
                        "noise float [batch, 4, height, width]", "encoder_hidden_states float [batch, tokens, 18]");
        assertThat(graph.getOutputList())
                .extracting(GraphExportTest::signature)
                .containsExactly("pixels uint8 [batch, image_height, image_width, 3]");
        assertThat(new GraphExport(checkpoint, DType.F16)
                        .textEncoder(TOKENS)
                        .getGraph()
                        .getOutputList())
                .extracting(GraphExportTest::signature)
                .containsExactly("encoder_hidden_states float [batch, 77, 18]");
    }

    @Test
    void oneGraphServesEverySizeAndBatch() {
        ModelProto generator = new GraphExport(checkpoint, DType.F32).generator(recipe);
        try (GraphSession session = GraphRun.open(generator, FOLDER)) {
            byte[] both = pixels(session, 2, 8, 16);
            byte[] first = pixels(session, 1, 8, 16);
            byte[] tall = pixels(session, 1, 24, 8);

            assertThat(both).hasSize(2 * 32 * 64 * 3);
            assertThat(Arrays.copyOf(both, first.length)).isEqualTo(first);
            assertThat(tall).hasSize(96 * 32 * 3);
        }
    }

    @Test
    void everyNodeAndValueHasANameOfItsOwn() {
        GraphProto graph =
                new GraphExport(checkpoint, DType.F16).generator(recipe).getGraph();

        assertThat(graph.getNodeList()).extracting(NodeProto::getName).doesNotHaveDuplicates();
        assertThat(graph.getNodeList()).flatExtracting(NodeProto::getOutputList).doesNotHaveDuplicates();
    }

    @Test
    void aPromptLongerThanTheModelsPositionsIsRefused() {
        GraphExport export = new GraphExport(checkpoint, DType.F32);

        assertThatThrownBy(() -> export.textEncoder(78))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dimension 0 of [77, 18] does not hold 78 entries from 0");
    }

    /** The CPU has no half precision of its own, so ONNX Runtime casts around its nodes: slow, but what a GPU is given. */
    @Test
    void aGraphInHalfPrecisionDrawsTheReferencesPicture() {
        Reference.Case expected = Reference.of(FOLDER).cases().get(0);
        ModelProto generator = new GraphExport(checkpoint, DType.F16).generator(recipe);
        Map<String, HostTensor> inputs = Map.of(
                GraphExport.NOISE, GraphRun.tensor(expected.floats("noise"), expected.sizes("noise")),
                GraphExport.ENCODER_HIDDEN_STATES,
                        GraphRun.tensor(
                                expected.floats("encoder_hidden_states"), expected.sizes("encoder_hidden_states")));

        byte[] pixels;
        try (GraphSession session = GraphRun.open(generator, FOLDER)) {
            pixels = GraphRun.bytes(session, inputs, GraphExport.PIXELS, expected.sizes("pixels"));
        }

        ByteBuffer reference = expected.bytes("pixels");
        int largest = 0;
        double mean = 0;
        for (byte pixel : pixels) {
            int difference = Math.abs((pixel & 0xFF) - (reference.get() & 0xFF));
            largest = Math.max(largest, difference);
            mean += (double) difference / pixels.length;
        }
        assertThat(largest).isLessThanOrEqualTo(2); // measured: 1
        assertThat(mean).isLessThan(0.2); // measured: 0.084
    }

    @Test
    void theTextEncoderInHalfPrecisionStaysClose() {
        Reference.Case expected = Reference.of(FOLDER).cases().get(0);
        HostTensor ids = HostTensor.allocate(DType.I64, expected.sizes("token_ids"));
        ids.data().duplicate().put(expected.bytes("token_ids"));

        float[] states = GraphRun.floats(
                new GraphExport(checkpoint, DType.F16).textEncoder(TOKENS),
                FOLDER,
                Map.of(GraphExport.INPUT_IDS, ids),
                GraphExport.ENCODER_HIDDEN_STATES,
                expected.sizes("encoder_hidden_states"));

        float[] reference = expected.floats("encoder_hidden_states");
        float largest = 0;
        for (int i = 0; i < reference.length; i++) {
            largest = Math.max(largest, Math.abs(states[i] - reference[i]));
        }
        assertThat(largest).isLessThan(0.015f); // measured: 0.0063, where values have a standard deviation near 1
    }

    @Test
    void theTextEncoderOverBytesStaysClose() {
        Reference.Case expected = Reference.of(FOLDER).cases().get(0);
        HostTensor ids = HostTensor.allocate(DType.I64, expected.sizes("token_ids"));
        ids.data().duplicate().put(expected.bytes("token_ids"));
        GraphExport export =
                new GraphExport(checkpoint, DType.F32, GraphProfile.CPU).with(new Quantization(List.of(), true));

        float[] states = GraphRun.floats(
                export.textEncoder(TOKENS),
                FOLDER,
                Map.of(GraphExport.INPUT_IDS, ids),
                GraphExport.ENCODER_HIDDEN_STATES,
                expected.sizes("encoder_hidden_states"));

        float[] reference = expected.floats("encoder_hidden_states");
        double squares = 0;
        double errors = 0;
        for (int i = 0; i < reference.length; i++) {
            squares += reference[i] * reference[i];
            errors += Math.pow(states[i] - reference[i], 2);
        }
        assertThat(Math.sqrt(errors / squares)).isGreaterThan(0).isLessThan(0.05); // measured: 0.023
    }

    private static byte[] pixels(GraphSession session, int batch, int height, int width) {
        return GraphRun.bytes(
                session,
                Map.of(
                        GraphExport.NOISE, normal(batch, 4, height, width),
                        GraphExport.ENCODER_HIDDEN_STATES, normal(batch, TOKENS, WIDTH)),
                GraphExport.PIXELS,
                batch,
                4L * height,
                4L * width,
                3);
    }

    /** The same first image whatever the batch. */
    private static HostTensor normal(long... sizes) {
        HostTensor tensor = HostTensor.allocate(DType.F32, sizes);
        Random random = new Random(1);
        for (int i = 0; i < tensor.data().remaining() / Float.BYTES; i++) {
            tensor.data().putFloat(i * Float.BYTES, (float) random.nextGaussian());
        }
        return tensor;
    }

    private static long constantBytes(ModelProto model) {
        return model.getGraph().getInitializerList().stream()
                .mapToLong(tensor -> tensor.getRawData().size())
                .sum();
    }

    private static String signature(ValueInfoProto value) {
        var type = value.getType().getTensorType();
        List<String> sizes =
                type.getShape().getDimList().stream().map(GraphExportTest::size).toList();
        String name = type.getElemType() == TensorProto.DataType.UINT8_VALUE ? "uint8" : "float";
        assertThat(type.getElemType()).isIn(TensorProto.DataType.UINT8_VALUE, TensorProto.DataType.FLOAT_VALUE);
        return value.getName() + " " + name + " " + sizes;
    }

    private static String size(Dimension dimension) {
        return dimension.getDimParam().isEmpty() ? Long.toString(dimension.getDimValue()) : dimension.getDimParam();
    }
}
