package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.export.GraphProfile;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparedGraphsTest {
    private static final ComputeDevice CPU = new ComputeDevice.Cpu(1);
    private static final long BYTES = 1000;

    @TempDir
    Path temp;

    private Path entries;
    private LocatedGraph graph;
    private PreparedGraphs prepared;

    @BeforeEach
    void writeGraph() throws IOException {
        assumeThat(CPU.layout()).as("a processor that can be told").isPresent();
        entries = temp.resolve("prepared");
        Checkpoint checkpoint = Checkpoint.open(
                TinyCheckpoint.copy("sd2", temp.resolve("model")).folder(), false);
        OneStep recipe = new OneStep(999, 1, 14.6, -14.5, null);
        graph = LocatedGraph.of(new GraphExport(checkpoint, DType.F32, GraphProfile.CPU).generator(recipe), checkpoint);
        prepared = new PreparedGraphs(entries, BYTES);
    }

    @Test
    void drawsWhatTheGraphItselfDraws() throws IOException {
        byte[] pixels = draw(GraphSession.open("generator", graph.bytes(), graph.root(), CPU));

        assertThat(draw(open("key"))).isEqualTo(pixels);
        assertThat(draw(open("key"))).isEqualTo(pixels);
        assertThat(names(entry())).containsExactly("CRC32C", "graph.onnx", "seen", "weights.bin");
    }

    @Test
    void theSecondTimeNothingIsReadButTheEntry() throws IOException {
        byte[] pixels = draw(open("key"));
        graph = new LocatedGraph(new byte[] {1, 2, 3}, temp);

        assertThat(draw(open("key"))).isEqualTo(pixels);
        assertThatThrownBy(() -> open("another key")).isInstanceOf(ModelException.class);
    }

    @Test
    void whatIsDamagedIsWrittenAnew() throws IOException {
        byte[] pixels = draw(open("key"));
        for (String name : List.of("graph.onnx", "weights.bin", "CRC32C", "seen")) {
            Path file = entry().resolve(name);
            byte[] content = Files.readAllBytes(file);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(new byte[] {7, 7, 7}), content.length / 2);
            }

            assertThat(draw(open("key"))).as(name).isEqualTo(pixels);
            assertThat(names(entry())).as(name).containsExactly("CRC32C", "graph.onnx", "seen", "weights.bin");
        }
        Files.delete(entry().resolve("weights.bin"));
        assertThat(draw(open("key"))).isEqualTo(pixels);
    }

    @Test
    void aCopiedCacheIsUsed() throws IOException {
        byte[] pixels = draw(open("key"));
        Path moved = temp.resolve("moved");
        Path copy = Files.createDirectories(moved.resolve(entry().getFileName()));
        for (String name : names(entry())) {
            Files.copy(entry().resolve(name), copy.resolve(name));
        }
        graph = new LocatedGraph(new byte[] {1, 2, 3}, temp);
        prepared = new PreparedGraphs(moved, BYTES);

        assertThat(draw(open("key"))).isEqualTo(pixels);
    }

    @Test
    void smallGraphsAreNotKept() {
        draw(prepared.open("generator", "key", BYTES - 1, graph, CPU, false));

        assertThat(entries).doesNotExist();
    }

    @Test
    void whereThereIsNoRoomNothingIsKept() throws IOException {
        draw(prepared.open("generator", "key", Long.MAX_VALUE / 4, graph, CPU, false));

        assertThat(names(entries)).isEmpty();
    }

    @Test
    void nothingIsKeptInMemory() throws IOException {
        Path shared = Path.of("/dev/shm");
        assumeThat(shared).isDirectory();
        assumeThat(Files.getFileStore(shared).type()).isEqualTo("tmpfs");
        Path folder = Files.createTempDirectory(shared, "prepared");
        try {
            prepared = new PreparedGraphs(folder, BYTES);
            draw(open("key"));
            assertThat(names(folder)).isEmpty();
        } finally {
            Files.delete(folder);
        }
    }

    @Test
    void whatCannotBeKeptOpensAllTheSame() throws IOException {
        Files.writeString(entries, "a file where the folder should be");

        assertThat(draw(open("key"))).isEqualTo(draw(open("key")));
        assertThat(entries).hasContent("a file where the folder should be");
    }

    @Test
    void whatNobodyUsedForAMonthGoes() throws IOException {
        draw(open("old"));
        Path old = entry();
        draw(open("new"));
        Path unfinished = Files.createDirectory(entries.resolve(".entry.tmp"));
        Files.setLastModifiedTime(old.resolve("CRC32C"), ago(Duration.ofDays(31)));
        Files.setLastModifiedTime(unfinished, ago(Duration.ofHours(2)));
        draw(open("new"));
        assertThat(names(entries)).as("nothing to write, nothing removed").hasSize(3);

        draw(open("newer"));

        assertThat(old).doesNotExist();
        assertThat(unfinished).doesNotExist();
        assertThat(names(entries)).hasSize(2);
    }

    @Test
    void useIsRemembered() throws IOException {
        draw(open("key"));
        Path checksums = entry().resolve("CRC32C");
        Files.setLastModifiedTime(checksums, ago(Duration.ofDays(31)));

        draw(open("key"));

        assertThat(Files.getLastModifiedTime(checksums)).isGreaterThan(ago(Duration.ofHours(1)));
    }

    private GraphSession open(String key) {
        return prepared.open("generator", key, BYTES, graph, CPU, false);
    }

    /** Draws one picture and closes the session. */
    private static byte[] draw(GraphSession session) {
        HostTensor noise = HostTensor.allocate(DType.F32, 1, 4, 8, 8);
        HostTensor states = HostTensor.allocate(
                DType.F32,
                1,
                77,
                session.inputs().get(GraphExport.ENCODER_HIDDEN_STATES).sizes().get(2));
        Random random = new Random(1);
        for (HostTensor tensor : List.of(noise, states)) {
            for (int i = 0; i < tensor.data().capacity(); i += Float.BYTES) {
                tensor.data().putFloat(i, (float) random.nextGaussian());
            }
        }
        int side = 4 * 8;
        HostTensor pixels = HostTensor.allocate(DType.U8, 1, side, side, 3);
        try (session) {
            session.run(
                    Map.of(GraphExport.NOISE, noise, GraphExport.ENCODER_HIDDEN_STATES, states),
                    GraphExport.PIXELS,
                    pixels);
        }
        byte[] bytes = new byte[pixels.data().remaining()];
        pixels.data().get(bytes);
        return bytes;
    }

    private Path entry() throws IOException {
        assertThat(names(entries)).hasSize(1);
        return entries.resolve(names(entries).get(0));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static FileTime ago(Duration time) {
        return FileTime.from(Instant.now().minus(time));
    }
}
