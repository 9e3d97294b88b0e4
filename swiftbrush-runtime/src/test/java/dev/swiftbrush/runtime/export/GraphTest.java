package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.ShapeTensor;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GraphTest {
    private final Graph graph = new Graph("test", Path.of("model"), DType.F32);
    private final StoredTensor stored =
            new StoredTensor("w", DType.F16, List.of(2L, 3L), Path.of("model/unet/weights.safetensors"), 101, 12);

    @Test
    void sizesAreNamedOrFixed() {
        GraphTensor input = graph.input("x", DType.F32, "batch", 4, "height");

        assertThat(input.shape()).isEqualTo(Shape.of(Shape.UNKNOWN, 4, Shape.UNKNOWN));
        List<Dimension> dimensions =
                proto().getInput(0).getType().getTensorType().getShape().getDimList();
        assertThat(dimensions).extracting(Dimension::getDimParam).containsExactly("batch", "", "height");
        assertThat(dimensions.get(1).getDimValue()).isEqualTo(4);
    }

    @Test
    void aWeightStaysWhereItIsStored() {
        GraphTensor weight = graph.weight("unet/w", stored);

        assertThat(graph.weight("unet/w", stored)).isSameAs(weight);
        assertThat(weight.type()).isEqualTo(DType.F16);
        assertThat(proto().getInitializerList()).singleElement().satisfies(initializer -> {
            assertThat(initializer.getDataLocation()).isEqualTo(TensorProto.DataLocation.EXTERNAL);
            assertThat(initializer.getRawData().isEmpty()).isTrue();
            assertThat(initializer.getDimsList()).containsExactly(2L, 3L);
            assertThat(initializer.getExternalDataList())
                    .extracting(entry -> entry.getKey() + "=" + entry.getValue())
                    .containsExactly("location=unet/weights.safetensors", "offset=101", "length=12");
        });
    }

    @Test
    void weightsAreCastToTheTypeThatIsComputedIn() {
        Tensor weight = new GraphWeights(graph, "unet", Map.of("w", stored)).get("w", 2, 3);

        assertThat(((GraphTensor) weight).type()).isEqualTo(DType.F32);
        assertThat(proto().getNodeList()).extracting(NodeProto::getOpType).containsExactly("Cast");
    }

    @Test
    void whatIsComputedOfWeightsAloneStandsFirst() {
        GraphTensor x = graph.input("x", DType.F32, 2, 3);
        Tensor shifted = x.add(graph.scalar(1));
        Tensor weight = new GraphWeights(graph, "unet", Map.of("w", stored)).get("w", 2, 3);
        graph.output("y", (GraphTensor) shifted.mul(weight.mul(graph.scalar(2))), 2, 3);

        assertThat(proto().getNodeList())
                .extracting(NodeProto::getOpType)
                .containsExactly("Cast", "Mul", "Add", "Mul", "Identity");
    }

    @Test
    void aWeightThatWasNotAuditedIsRefused() {
        GraphWeights weights = new GraphWeights(graph, "unet", Map.of("w", stored));

        assertThatThrownBy(() -> weights.get("w", 3, 2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("unet has no tensor 'w' [3, 2]; was it audited?");
        assertThatThrownBy(() -> weights.get("v", 3, 2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("unet has no tensor 'v' [3, 2]; was it audited?");
    }

    @Test
    void constantsOfEqualContentAreOne() {
        assertThat(graph.scalar(2)).isEqualTo(graph.scalar(2));
        graph.scalar(3);
        graph.single(new float[] {2}, 1);
        graph.integers(1, 2);
        graph.integers(1, 2);

        assertThat(proto().getInitializerList())
                .extracting(TensorProto::getName)
                .containsExactly("constant_0", "constant_1", "constant_2", "constant_3");
    }

    @Test
    void backendsDoNotMix() {
        Tensor input = graph.input("x", DType.F32, 1, 4);
        Tensor shapeOnly = ShapeTensor.of(1, 4);

        assertThatThrownBy(() -> input.add(shapeOnly))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a graph cannot hold a tensor of another backend, but was given one of the shape [1, 4]");
        assertThatThrownBy(() -> input.linear(ShapeTensor.of(2, 4), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a graph cannot hold a tensor of another backend, but was given one of the shape [2, 4]");
    }

    @Test
    void graphsDoNotMix() {
        Tensor input = graph.input("x", DType.F32, 1, 4);
        Tensor other = new Graph("other", Path.of("model"), DType.F32).input("x", DType.F32, 1, 4);

        assertThatThrownBy(() -> input.concat(1, other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a graph cannot hold a tensor of another graph, but was given one of the shape [1, 4]");
    }

    @Test
    void shapesAreCheckedWhileTheGraphIsWritten() {
        Tensor input = graph.input("x", DType.F32, 1, 4);

        assertThatThrownBy(() -> input.narrow(1, 2, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dimension 1 of [1, 4] does not hold 3 entries from 2");
        assertThatThrownBy(() -> input.add(graph.input("y", DType.F32, 1, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("[1, 4] and [1, 3] do not fit");
    }

    private GraphProto proto() {
        return graph.model().getGraph();
    }
}
