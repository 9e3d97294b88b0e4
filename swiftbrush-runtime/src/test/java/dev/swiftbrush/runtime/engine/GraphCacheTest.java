package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GraphCacheTest {
    private static final Map<String, ModelProto> GRAPHS = Map.of(
            "a.onnx", ModelProto.newBuilder().setProducerName("a").build(),
            "b.onnx", ModelProto.newBuilder().setProducerName("b").build());

    @TempDir
    Path folder;

    private final AtomicInteger exports = new AtomicInteger();
    private Path directory;
    private Path weights;

    @BeforeEach
    void writeWeights() throws IOException {
        directory = folder.resolve("cache");
        weights = Files.writeString(folder.resolve("weights"), "one");
    }

    @Test
    void exportsOnceForTheSameKey() {
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(exports).hasValue(1);
    }

    @Test
    void exportsAnewWhenAFileChanges() throws IOException {
        graphs("settings");
        Files.writeString(weights, "two");
        graphs("settings");
        assertThat(exports).hasValue(2);
    }

    @Test
    void exportsAnewForOtherSettings() {
        graphs("device=cpu");
        graphs("device=cuda");
        assertThat(exports).hasValue(2);
    }

    @Test
    void writesADamagedEntryAnew() throws IOException {
        graphs("settings");
        Files.write(entry().resolve("b.onnx"), new byte[] {1, 2, 3});
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(exports).hasValue(2);
    }

    @Test
    void writesAnIncompleteEntryAnew() throws IOException {
        graphs("settings");
        Files.delete(entry().resolve("a.onnx"));
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        Files.delete(entry().resolve("SHA256SUMS"));
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(exports).hasValue(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\0", "\n\n", "no checksum at all"})
    void writesAnEntryWithDamagedChecksumsAnew(String checksums) throws IOException {
        graphs("settings");
        Files.writeString(entry().resolve("SHA256SUMS"), checksums);
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(exports).hasValue(2);
    }

    @Test
    void writesAnEntryThatLacksOneOfItsGraphsAnew() throws IOException {
        graphs("settings");
        Path checksums = entry().resolve("SHA256SUMS");
        Files.write(checksums, Files.readAllLines(checksums).subList(0, 1));
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(exports).hasValue(2);
    }

    @Test
    void neverReadsWhatLiesOutsideOfTheEntry() throws IOException {
        graphs("settings");
        byte[] outside = GRAPHS.get("a.onnx").toByteArray();
        Files.write(folder.resolve("outside.onnx"), outside);
        for (String name :
                List.of("../../../outside.onnx", folder.resolve("outside.onnx").toString(), ".", "")) {
            Files.writeString(entry().resolve("SHA256SUMS"), Fingerprints.sha256(outside) + "  " + name);
            assertThat(graphs("settings")).isEqualTo(GRAPHS);
        }
        assertThat(exports).hasValue(5);
    }

    @Test
    void leavesNoUnfinishedFiles() throws IOException {
        graphs("settings");
        try (Stream<Path> files = Files.list(entry())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("a.onnx", "b.onnx", "SHA256SUMS");
        }
    }

    @Test
    void worksWithoutADirectoryThatItCanWriteTo() throws IOException {
        Files.writeString(directory, "a file where the directory should be");
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(exports).hasValue(2);
    }

    @Test
    void aFileIsReadOnceUntilItChanges() throws IOException {
        Fingerprints fingerprints = new Fingerprints(directory.resolve("fingerprints"));
        String hash = fingerprints.of(weights);
        assertThat(hash).isEqualTo(Fingerprints.sha256("one"));

        Path note = onlyFileIn(directory.resolve("fingerprints"));
        String remembered = Files.readString(note).replace(hash, "remembered");
        Files.writeString(note, remembered);
        assertThat(fingerprints.of(weights)).isEqualTo("remembered");

        Files.writeString(weights, "two");
        assertThat(fingerprints.of(weights)).isEqualTo(Fingerprints.sha256("two"));
    }

    @Test
    void theDirectoryIsWhereTheSystemKeepsCaches() {
        assertThat(CacheDirectory.of("Linux", "/h", name -> null)).isEqualTo(Path.of("/h/.cache/swiftbrush"));
        assertThat(CacheDirectory.of("Linux", "/h", name -> name.equals("XDG_CACHE_HOME") ? "/x" : null))
                .isEqualTo(Path.of("/x/swiftbrush"));
        assertThat(CacheDirectory.of("Linux", "/h", name -> "relative")).isEqualTo(Path.of("/h/.cache/swiftbrush"));
        assertThat(CacheDirectory.of("Mac OS X", "/h", name -> null))
                .isEqualTo(Path.of("/h/Library/Caches/swiftbrush"));
        assertThat(CacheDirectory.of("Windows 11", "/h", name -> name.equals("LOCALAPPDATA") ? "/l" : null))
                .isEqualTo(Path.of("/l/swiftbrush"));
    }

    private Map<String, ModelProto> graphs(String settings) {
        return new GraphCache(directory)
                .graphs(
                        new CacheKey(folder, List.of(weights), settings),
                        Map.of("a.onnx", this::export, "b.onnx", () -> GRAPHS.get("b.onnx")));
    }

    private ModelProto export() {
        exports.incrementAndGet();
        return GRAPHS.get("a.onnx");
    }

    private Path entry() throws IOException {
        return onlyFileIn(directory.resolve("graphs"));
    }

    private static Path onlyFileIn(Path parent) throws IOException {
        try (Stream<Path> files = Files.list(parent)) {
            return files.reduce((first, second) -> {
                        throw new AssertionError(first + " and " + second);
                    })
                    .orElseThrow();
        }
    }
}
