package dev.swiftbrush.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.GenerationException;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GraphSessionTest {
    private static final ComputeDevice CPU = new ComputeDevice.Cpu(1);

    @Test
    void aGraphThatIsNoneIsRefused() {
        assertThatThrownBy(() -> GraphSession.open(
                        "generator", new byte[] {1, 2, 3}, Path.of("").toAbsolutePath(), CPU))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("ONNX Runtime cannot open the generator on cpu: ");
    }

    @Test
    void anInputOfAnotherShapeIsAnErrorThatTheSessionSurvives() {
        try (GraphSession decoder = decoder()) {
            HostTensor image = HostTensor.allocate(DType.F32, 1, 3, 64, 64);
            Map<String, HostTensor> wrong = Map.of(GraphExport.LATENTS, HostTensor.allocate(DType.F32, 1, 5, 16, 16));
            assertThatThrownBy(() -> decoder.run(wrong, GraphExport.IMAGE, image))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageStartingWith("The decoder failed in ONNX Runtime: ");
            decoder.run(latents(16), GraphExport.IMAGE, image);
            assertThat(image.data().asFloatBuffer().get(0)).isNotZero();
        }
    }

    @Test
    void aCancelledRunEndsAndTheSessionSurvives() throws Exception {
        try (GraphSession decoder = decoder()) {
            HostTensor large = HostTensor.allocate(DType.F32, 1, 3, 2048, 2048);
            Cancellation cancellation = new Cancellation();
            CompletableFuture<Void> run =
                    CompletableFuture.runAsync(() -> decoder.run(latents(512), GraphExport.IMAGE, large, cancellation));
            Thread.sleep(50);
            cancellation.cancel();
            assertThatThrownBy(run::get)
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(GenerationException.class)
                    .hasMessage("The decoder was cancelled");
            HostTensor small = HostTensor.allocate(DType.F32, 1, 3, 64, 64);
            assertThatThrownBy(() -> decoder.run(latents(16), GraphExport.IMAGE, small, cancellation))
                    .isInstanceOf(GenerationException.class)
                    .hasMessage("The decoder was cancelled");
            decoder.run(latents(16), GraphExport.IMAGE, small);
            assertThat(small.data().asFloatBuffer().get(0)).isNotZero();
        }
    }

    @Test
    void aTensorIsExactlyItsBytesInNativeOrder() {
        assertThatThrownBy(() -> new HostTensor(DType.F32, new long[] {2, 3}, ByteBuffer.allocateDirect(24)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("a tensor of 24 bytes needs a direct buffer in native order, but got");
    }

    private static GraphSession decoder() {
        Path sd2 = Reference.folder("sd2");
        LocatedGraph graph = LocatedGraph.of(new GraphExport(Checkpoint.open(sd2, false), DType.F32).decoder(), sd2);
        return GraphSession.open("decoder", graph.bytes(), graph.root(), CPU);
    }

    private static Map<String, HostTensor> latents(int side) {
        return Map.of(GraphExport.LATENTS, HostTensor.allocate(DType.F32, 1, 4, side, side));
    }
}
