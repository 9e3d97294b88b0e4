package dev.swiftbrush.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.process.ChildJvm.Options;
import dev.swiftbrush.runtime.reference.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Faults of a whole process: killed, interrupted, or short of a library; and two processes at once. */
@Timeout(600)
class FaultyProcessTest {
    private static final Path SD2 = Reference.folder("sd2");

    @TempDir
    Path folder;

    private static String picture;

    @BeforeAll
    static void draw(@TempDir Path cache) {
        try (SwiftBrush brush = OpenAndDraw.open(SD2, cache)) {
            picture = OpenAndDraw.picture(brush);
        }
    }

    @Test
    void twoProcessesThatBuildTheSameEntryAtOnceBothDraw() throws Exception {
        Path cache = folder.resolve("cache");
        try (ChildJvm one = ChildJvm.start(OpenAndDraw.class, Options.NONE, SD2, cache);
                ChildJvm two = ChildJvm.start(OpenAndDraw.class, Options.NONE, SD2, cache)) {
            assertThat(one.value("picture")).isEqualTo(picture);
            assertThat(two.value("picture")).isEqualTo(picture);
        }
        Map<Path, FileTime> written = filesUnder(cache);
        assertThat(written.keySet())
                .noneMatch(file -> file.getFileName().toString().startsWith("."));
        try (SwiftBrush brush = OpenAndDraw.open(SD2, cache)) {
            assertThat(OpenAndDraw.picture(brush)).isEqualTo(picture);
        }
        assertThat(filesUnder(cache)).isEqualTo(written);
    }

    @Test
    void aProcessThatIsKilledWhileItOpensLeavesNothingThatIsRead() throws Exception {
        Path cache = folder.resolve("cache");
        for (int round = 0; round < 2; round++) {
            try (ChildJvm child = ChildJvm.start(OpenAndDraw.class, Options.NONE, SD2, cache)) {
                Path entries = cache.resolve("graphs");
                while (child.process().isAlive() && !Files.exists(entries)) {
                    Thread.sleep(1);
                }
                Thread.sleep(8L * round);
                child.kill();
            }
            try (Stream<Path> files = Files.walk(cache)) { // what is left is hidden, or whole and seen to be
                files.filter(file -> file.endsWith("SHA256SUMS"))
                        .forEach(file -> assertThat(file.resolveSibling("generator.onnx"))
                                .exists());
            }
            try (SwiftBrush brush = OpenAndDraw.open(SD2, cache)) {
                assertThat(OpenAndDraw.picture(brush)).isEqualTo(picture);
            }
            delete(cache);
        }
    }

    @Test
    void aFileAppearsWholeOrNotAtAllWheneverItsWriterIsKilled() throws Exception {
        Random random = new Random(5);
        for (int round = 0; round < 4; round++) {
            Path target = Files.createDirectories(folder.resolve("round" + round));
            try (ChildJvm child = ChildJvm.start(WriteForever.class, Options.NONE, target)) {
                while (child.process().isAlive() && filesUnder(target).isEmpty()) {
                    Thread.sleep(1);
                }
                Thread.sleep(random.nextInt(200));
                assertThat(child.process().isAlive())
                        .as(Files.readString(child.log()))
                        .isTrue();
                child.kill();
            }
            for (Path file : filesUnder(target).keySet()) {
                if (!file.getFileName().toString().startsWith(".")) {
                    assertThat(WriteForever.isWhole(Files.readAllBytes(file)))
                            .as(file.toString())
                            .isTrue();
                }
            }
        }
    }

    @Test
    void anInterruptedThreadCanTryAgainInTheSameProcess() throws Exception {
        try (ChildJvm child = ChildJvm.start(OpenAndDraw.class, Options.NONE, SD2, folder, "interrupted")) {
            assertThat(child.value("failure"))
                    .isEqualTo(
                            "SwiftBrushException: Opening %s was interrupted; call build() again on a thread that is not"
                                    .formatted(SD2));
            assertThat(child.value("interrupted")).isEqualTo("true");
            assertThat(child.value("picture")).isEqualTo(picture);
        }
    }

    @Test
    void withoutItsNativeLibraryOnnxRuntimeIsReportedByName() throws Exception {
        Path nowhere = folder.resolve("nowhere");
        Options options = Options.jvm("-Djava.io.tmpdir=" + nowhere);
        try (ChildJvm child = ChildJvm.start(OpenAndDraw.class, options, SD2, folder)) {
            assertThat(child.value("failure"))
                    .startsWith("DeviceException: ONNX Runtime's native library cannot be loaded on "
                            + System.getProperty("os.name"))
                    .contains(nowhere.toString())
                    .contains("name another folder with -Djava.io.tmpdir")
                    .endsWith("docs/platforms.md lists the supported platforms");
        }
    }

    @Test
    void withoutItsNativeLibraryTheTokenizerIsReportedWithItsCause() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "not a folder");
        Options options = Options.environment("DJL_CACHE_DIR", file.toString());
        try (ChildJvm child = ChildJvm.start(OpenAndDraw.class, options, SD2, folder, "tokenizer")) {
            assertThat(child.value("failure"))
                    .startsWith(
                            "ModelException: The native library of ai.djl.huggingface:tokenizers cannot be loaded on ")
                    .contains(file.toString())
                    .contains("DJL_CACHE_DIR")
                    .contains("--enable-native-access=ALL-UNNAMED");
        }
    }

    @Test
    void twoOnnxRuntimesOnTheClassPathAreWarnedOf() throws Exception {
        String name = "ai/onnxruntime/OrtEnvironment.class";
        Path second = Files.createDirectories(folder.resolve("second"));
        Path copy = second.resolve(name);
        Files.createDirectories(copy.getParent());
        try (InputStream in = ClassLoader.getSystemResourceAsStream(name)) {
            Files.copy(in, copy);
        }
        try (ChildJvm child = ChildJvm.start(OpenAndDraw.class, Options.classPath(second), SD2, folder)) {
            assertThat(child.value("picture")).isEqualTo(picture);
            assertThat(child.output())
                    .contains(
                            "There are 2 ONNX Runtime artifacts on the class path, of which only the first is used; keep one: [jar:file:")
                    .contains(copy.toUri().toURL().toString());
        }
    }

    @Test
    void aCacheThatCannotBeWrittenToIsDoneWithoutAndSaidSo() throws Exception {
        Path proc = Path.of("/proc/swiftbrush"); // not even root can make a folder there
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "Linux");
        try (ChildJvm child = ChildJvm.start(OpenAndDraw.class, Options.NONE, SD2, proc)) {
            assertThat(child.value("picture")).isEqualTo(picture);
            assertThat(child.output())
                    .containsPattern(
                            "The graphs cannot be kept and are written again next time; make /proc/swiftbrush/graphs/\\w+ writable with some room, or call cacheDirectory\\(Path\\): ");
        }
    }

    private static Map<Path, FileTime> filesUnder(Path root) throws IOException {
        Map<Path, FileTime> times = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                times.put(file, Files.getLastModifiedTime(file));
            }
        }
        return times;
    }

    private static void delete(Path root) throws IOException {
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.forEach(file -> paths.add(0, file));
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }
}
