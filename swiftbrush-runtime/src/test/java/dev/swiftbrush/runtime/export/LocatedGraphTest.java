package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocatedGraphTest {
    private static final String VAE = "vae/diffusion_pytorch_model.safetensors";

    @TempDir
    Path temp;

    @Test
    void weightsInTheFolderAreNamedRelativeToIt() throws Exception {
        Path folder = TinyCheckpoint.copy("sd2", temp.resolve("model")).folder();

        LocatedGraph located = LocatedGraph.of(decoder(folder), folder);

        assertThat(located.root()).isEqualTo(folder.toRealPath());
        assertThat(locations(located)).containsExactly(VAE);
    }

    /** As the hub's cache lays a model out: snapshots/revision/file is a link to blobs/hash. */
    @Test
    void weightsBehindLinksThatLeaveTheFolderOpenAndRun() throws Exception {
        Path snapshot = hubCache();

        LocatedGraph located = LocatedGraph.of(decoder(snapshot), snapshot);

        assertThat(located.root()).isEqualTo(temp.resolve("hub").toRealPath());
        assertThat(locations(located)).singleElement().asString().startsWith("blobs/");
        float[] latents = new float[4 * 4 * 4];
        float[] image = GraphRun.floats(
                decoder(snapshot),
                snapshot,
                Map.of(GraphExport.LATENTS, GraphRun.tensor(latents, 1, 4, 4, 4)),
                GraphExport.IMAGE,
                1,
                3,
                16,
                16);
        Path plain = TinyCheckpoint.copy("sd2", temp.resolve("plain")).folder();
        assertThat(image)
                .isEqualTo(GraphRun.floats(
                        decoder(plain),
                        plain,
                        Map.of(GraphExport.LATENTS, GraphRun.tensor(latents, 1, 4, 4, 4)),
                        GraphExport.IMAGE,
                        1,
                        3,
                        16,
                        16));
    }

    @Test
    void aFolderThatIsItselfALinkOpens() throws Exception {
        Path folder = TinyCheckpoint.copy("sd2", temp.resolve("model")).folder();
        Path link = Files.createSymbolicLink(temp.resolve("link"), folder);

        LocatedGraph located = LocatedGraph.of(decoder(link), link);

        assertThat(located.root()).isEqualTo(folder.toRealPath());
        assertThat(locations(located)).containsExactly(VAE);
    }

    @Test
    void aFileThatHasGoneIsNamed() throws Exception {
        Path folder = TinyCheckpoint.copy("sd2", temp.resolve("model")).folder();
        ModelProto decoder = decoder(folder);
        Files.delete(folder.resolve(VAE));

        assertThatThrownBy(() -> LocatedGraph.of(decoder, folder))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s does not exist, or is a link to a file that does not", folder.resolve(VAE));
    }

    @Test
    void aLinkToNothingIsNamed() throws Exception {
        Path snapshot = hubCache();
        ModelProto decoder = decoder(snapshot);
        Files.delete(snapshot.resolve(VAE).toRealPath());

        assertThatThrownBy(() -> LocatedGraph.of(decoder, snapshot))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s does not exist, or is a link to a file that does not", snapshot.resolve(VAE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../secret.safetensors", "vae/../../secret.safetensors", "/etc/passwd", ".."})
    void aGraphThatNamesWeightsOutsideOfTheModelIsRefused(String location) throws Exception {
        Path folder = TinyCheckpoint.copy("sd2", temp.resolve("model")).folder();
        Files.copy(folder.resolve(VAE), temp.resolve("secret.safetensors"));
        ModelProto.Builder graph = decoder(folder).toBuilder();
        graph.getGraphBuilder().getInitializerBuilderList().stream()
                .flatMap(tensor -> tensor.getExternalDataBuilderList().stream())
                .filter(entry -> entry.getKey().equals("location"))
                .forEach(entry -> entry.setValue(location));

        assertThatThrownBy(() -> LocatedGraph.of(graph.build(), folder))
                .isInstanceOf(ModelException.class)
                .hasMessage("a graph of %s names weights outside of it: %s", folder, location);
    }

    @ParameterizedTest
    @ValueSource(strings = {"decoder/../secret.safetensors", "decoder//etc/passwd", "decoder/.."})
    void soIsOneThatNamesWeightsOutsideOfItsDecoder(String location) {
        Path folder = TinyCheckpoint.copy("taesd", temp.resolve("model")).folder();
        Path decoder = folder.resolve("vae");
        Checkpoint checkpoint = Checkpoint.open(folder, false).withDecoder(decoder, false);
        ModelProto.Builder graph = new GraphExport(checkpoint, DType.F32).decoder().toBuilder();
        graph.getGraphBuilder().getInitializerBuilderList().stream()
                .flatMap(tensor -> tensor.getExternalDataBuilderList().stream())
                .filter(entry -> entry.getKey().equals("location"))
                .forEach(entry -> entry.setValue(location));

        assertThatThrownBy(() -> LocatedGraph.of(graph.build(), checkpoint))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "a graph of %s names weights outside of it: %s",
                        decoder, location.substring("decoder/".length()));
    }

    private Path hubCache() throws IOException {
        Path plain = TinyCheckpoint.copy("sd2", temp.resolve("source")).folder();
        Path blobs = Files.createDirectories(temp.resolve("hub/blobs"));
        Path snapshot = temp.resolve("hub/snapshots/main");
        try (Stream<Path> files = Files.walk(plain)) {
            int count = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path blob = Files.copy(file, blobs.resolve("blob" + count++));
                Path link = snapshot.resolve(plain.relativize(file));
                Files.createDirectories(link.getParent());
                Files.createSymbolicLink(link, link.getParent().relativize(blob));
            }
        }
        return snapshot;
    }

    private static ModelProto decoder(Path folder) {
        return new GraphExport(Checkpoint.open(folder, false), DType.F32).decoder();
    }

    private static Set<String> locations(LocatedGraph located) throws IOException {
        Set<String> locations = new TreeSet<>();
        ModelProto.parseFrom(located.bytes()).getGraph().getInitializerList().stream()
                .flatMap(tensor -> tensor.getExternalDataList().stream())
                .filter(entry -> entry.getKey().equals("location"))
                .forEach(entry -> locations.add(entry.getValue()));
        return locations;
    }
}
