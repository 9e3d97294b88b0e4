package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.Sinusoid;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import dev.swiftbrush.runtime.weights.Scope;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whole networks, every convolution that can be done by Winograd being so, however small, against the reference. */
class WinogradNetworksTest {
    private static final Path FOLDER = Reference.folder("sd2");

    private final Checkpoint checkpoint = Checkpoint.open(FOLDER, false);
    private final Reference.Case expected = Reference.of(FOLDER).cases().get(0);
    private final OneStep recipe =
            Recipes.preset("swiftbrush").resolve(FOLDER.resolve("scheduler/scheduler_config.json"));

    @Test
    void theDecoderMakesTheReferencesImage() {
        Graph graph = graph();
        Tensor latents = graph.input("latents", DType.F32, "batch", 4, "height", "width");
        Scope weights =
                Scope.of(new GraphWeights(graph, "vae", checkpoint.vaeWeights().tensors()));
        graph.output("image", (GraphTensor) checkpoint.autoencoder().decode(weights, latents), "batch", 3, "H", "W");
        assertThat(winograds(graph)).isGreaterThan(10);
        assertThat(operators(graph, "Resize")).isZero();

        float[] image = GraphRun.floats(
                graph.model(), FOLDER, Map.of("latents", input("latents")), "image", expected.sizes("image"));

        assertThat(deviation(image, expected.floats("image"))).isLessThan(1e-4); // measured: 3.1e-5
    }

    @Test
    void theUnetPredictsWhatTheReferenceDoes() {
        Graph graph = graph();
        Tensor noise = graph.input("noise", DType.F32, "batch", 4, "height", "width");
        Tensor states = graph.input("states", DType.F32, "batch", "tokens", 18);
        float[] time = Sinusoid.timestep(recipe.timestep(), checkpoint.unet().config());
        Scope weights = Scope.of(
                new GraphWeights(graph, "unet", checkpoint.unetWeights().tensors()));
        Tensor epsilon = checkpoint.unet().predict(weights, noise, graph.constant(time, 1, time.length), null, states);
        graph.output("epsilon", (GraphTensor) epsilon, "batch", 4, "height", "width");
        assertThat(winograds(graph)).isGreaterThan(20);
        assertThat(operators(graph, "Resize")).isZero();

        float[] values = GraphRun.floats(
                graph.model(),
                FOLDER,
                Map.of("noise", input("noise"), "states", input("encoder_hidden_states")),
                "epsilon",
                expected.sizes("epsilon"));

        assertThat(deviation(values, expected.floats("epsilon"))).isLessThan(1e-5); // measured: 5.1e-6
    }

    @Test
    void aSmallModelGoesWithout() {
        GraphExport plain = new GraphExport(checkpoint, DType.F32);
        GraphExport cpu = new GraphExport(checkpoint, DType.F32, GraphProfile.CPU);
        assertThat(winograds(cpu.generator(recipe))).isZero();
        assertThat(winograds(cpu.decoder())).isZero();
        assertThat(GraphMemory.of(cpu.generator(recipe)).kernelBytes()).isZero();
        assertThat(plain.textEncoder(77)).isEqualTo(cpu.textEncoder(77));
    }

    @Test
    void aProcessorsProfileIsInSinglePrecision() {
        assertThatThrownBy(() -> new GraphExport(checkpoint, DType.F16, GraphProfile.CPU))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the profile CPU computes in F32, but was asked for F16");
    }

    private static Graph graph() {
        return new Graph("test", Graph.relativeTo(FOLDER), DType.F32, WinogradNetworksTest::form, LayerForm.exact());
    }

    private static ConvolutionForm form(Shape image, Shape weight, Window window, boolean doubled) {
        if (weight.get(2) != 3 || !window.equals(Window.same(3)) || weight.get(1) % 2 != 0) {
            return ConvolutionForm.DIRECT;
        }
        return doubled ? ConvolutionForm.WINOGRAD_DOUBLED : ConvolutionForm.WINOGRAD;
    }

    private static long winograds(Graph graph) {
        return winograds(graph.model());
    }

    private static long winograds(ModelProto model) {
        return model.getGraph().getNodeList().stream()
                .flatMap(node -> node.getAttributeList().stream())
                .filter(attribute -> attribute.getName().equals("transBatchB"))
                .count();
    }

    private static long operators(Graph graph, String type) {
        return graph.model().getGraph().getNodeList().stream()
                .map(NodeProto::getOpType)
                .filter(type::equals)
                .count();
    }

    private HostTensor input(String value) {
        return GraphRun.tensor(expected.floats(value), expected.sizes(value));
    }

    /** The largest difference as a share of the reference's standard deviation. */
    private static double deviation(float[] values, float[] reference) {
        double mean = 0;
        double square = 0;
        double largest = 0;
        for (int i = 0; i < values.length; i++) {
            mean += (double) reference[i] / values.length;
            square += (double) reference[i] * reference[i] / values.length;
            double difference = Math.abs((double) values[i] - reference[i]);
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return largest / Math.sqrt(square - mean * mean);
    }
}
