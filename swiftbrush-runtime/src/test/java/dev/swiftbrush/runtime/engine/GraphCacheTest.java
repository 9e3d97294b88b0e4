package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.SwiftBrushException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
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
    void sweepsWhatAKilledProcessLeftAnHourAgo() throws IOException {
        graphs("settings");
        String left = ".a.onnx.01234567-89ab-cdef-0123-456789abcdef.tmp";
        Path note = onlyFileIn(directory.resolve("fingerprints"));
        List<Path> abandoned = List.of(entry().resolve(left), note.resolveSibling(left));
        List<Path> kept = List.of(entry().resolve(".mine.tmp"), entry().resolve(left.replace("a.", "b.")));
        for (Path file : abandoned) {
            Files.setLastModifiedTime(Files.writeString(file, "half"), hoursAgo(2));
        }
        Files.setLastModifiedTime(Files.writeString(kept.get(0), "not of this cache"), hoursAgo(2));
        Files.writeString(kept.get(1), "being written");
        assertThat(graphs("settings")).isEqualTo(GRAPHS);
        assertThat(abandoned).allSatisfy(file -> assertThat(file).doesNotExist());
        assertThat(kept).allSatisfy(file -> assertThat(file).exists());
        assertThat(note).exists();
        assertThat(exports).hasValue(1);
    }

    @Test
    void aUserWithoutAHomeFolderIsToldToNameAPlace() {
        for (String home : List.of("?", "", "relative")) {
            for (String system : List.of("Linux", "Mac OS X", "Windows 11")) {
                assertThatThrownBy(() -> CacheDirectory.of(system, home, name -> null))
                        .isExactlyInstanceOf(SwiftBrushException.class)
                        .hasMessage(
                                "There is no place for the cache, since this user has no home folder (user.home is '%s'); call cacheDirectory(Path), or set XDG_CACHE_HOME, on Windows LOCALAPPDATA",
                                home);
            }
        }
        assertThat(CacheDirectory.of("Linux", "?", name -> "/x")).isEqualTo(Path.of("/x/swiftbrush"));
    }

    private static FileTime hoursAgo(int hours) {
        return FileTime.from(Instant.now().minus(Duration.ofHours(hours)));
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
        GraphCache cache = new GraphCache(directory);
        return cache.graphs(
                cache.hash(new CacheKey(Map.of("weights", weights), settings)),
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
