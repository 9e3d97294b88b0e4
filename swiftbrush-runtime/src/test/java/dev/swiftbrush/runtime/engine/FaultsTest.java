package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import com.google.protobuf.ByteString;
import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.Stats;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong with a model's files, its cache and the threads that use it, one by one and on real files. */
@Timeout(300)
class FaultsTest {
    private static final String UNET = "unet/diffusion_pytorch_model.safetensors";
    private static final GenerationRequest CAT = GenerationRequest.of("a cat").withSeed(1);

    @TempDir
    Path folder;

    private TinyCheckpoint model;
    private Path cache;

    @BeforeEach
    void copy() {
        model = TinyCheckpoint.copy("sd2", folder.resolve("model"));
        cache = folder.resolve("cache");
    }

    @Test
    void aModelThatIsDeletedOrReplacedWhileItIsOpenGoesOnAsItWas() throws IOException {
        try (SwiftBrush brush = open(cache)) {
            byte[] before = brush.generate(CAT).rgb();
            Path other = Files.write(folder.resolve("other"), new byte[1000]);
            Files.move(other, model.file(UNET), StandardCopyOption.REPLACE_EXISTING);
            assertThat(brush.generate(CAT).rgb()).isEqualTo(before);
            deleteTree(model.folder());
            assertThat(brush.generate(CAT).rgb()).isEqualTo(before);
        }
    }

    @Test
    void networksAreNotOpenedAnewFromFilesThatAreNotTheSame() throws IOException {
        DeviceModel opened = deviceModel();
        opened.open().close();
        byte[] content = Files.readAllBytes(model.file(UNET));

        Files.delete(model.file(UNET));
        assertThatThrownBy(opened::open)
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The files in %s cannot be read any more; put them back, or open the model anew from elsewhere [%s cannot be read: java.nio.file.NoSuchFileException: %2$s]",
                        model.folder(), model.file(UNET));

        byte[] altered = content.clone();
        altered[altered.length - 1] ^= 1;
        Files.write(model.file(UNET), altered);
        assertThatThrownBy(opened::open)
                .isInstanceOf(ModelException.class)
                .hasMessage("The files in %s have changed since the model was opened; open it anew", model.folder());

        Files.write(model.file(UNET), content);
        opened.open().close();
    }

    @Test
    void aCacheThatMayNotBeWrittenToIsDoneWithout() throws IOException {
        byte[] picture = draw(folder.resolve("sound"));
        assertThat(draw(Path.of("/dev/null/cache"))).isEqualTo(picture);

        Files.createDirectories(cache);
        assertThat(cache.toFile().setWritable(false)).isTrue();
        assumeFalse(Files.isWritable(cache), "nothing is read-only to this user");
        assertThat(draw(cache)).isEqualTo(picture);
        assertThat(cache).isEmptyDirectory();
    }

    /** A file system in memory that is full after so many blocks: wherever the writing ends, nothing half-written is read. */
    @Test
    void aDiskThatIsFullAtAnyMomentLeavesNothingThatIsRead() throws IOException {
        Map<String, ModelProto> graphs = Map.of("a.onnx", graph(30_000), "b.onnx", graph(50_000));
        int kept = 0;
        for (int kilobytes = 1; kilobytes <= 120; kilobytes += 3) {
            try (FileSystem disk = disk(1024 * kilobytes)) {
                List<String> exported = new ArrayList<>();
                for (int start = 0; start < 3; start++) {
                    assertThat(graphs(disk, exported, graphs)).isEqualTo(graphs);
                }
                assertThat(exported.size()).isIn(2, 6); // kept at the first start, or never
                kept += exported.size() == 2 ? 1 : 0;
                assertThat(unfinished(disk.getPath("/cache"))).isEmpty();
            }
        }
        assertThat(kept).isBetween(5, 30);
    }

    @Test
    void aModelOpensWithAFullCache() throws IOException {
        byte[] picture = draw(cache);
        try (FileSystem disk = disk(20_000)) {
            assertThat(draw(disk.getPath("/cache"))).isEqualTo(picture);
            assertThat(draw(disk.getPath("/cache"))).isEqualTo(picture);
        }
    }

    @Test
    void aModelOpensWithAFullTmpfs() throws Exception {
        byte[] picture = draw(folder.resolve("sound"));
        Files.createDirectories(cache);
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", cache.toString()), "may not mount");
        try {
            assertThat(draw(cache)).isEqualTo(picture);
            assertThat(draw(cache)).isEqualTo(picture);
            assertThat(unfinished(cache)).isEmpty();
        } finally {
            run("umount", cache.toString());
        }
    }

    @Test
    void everyFileOfTheCacheMayBeDamaged() throws IOException {
        byte[] picture = draw(cache);
        List<Path> files = files(cache);
        assertThat(files).hasSizeGreaterThan(8);
        for (int i = 0; i < files.size(); i++) {
            byte[] content = Files.readAllBytes(files.get(i));
            byte[] damaged = switch (i % 3) {
                case 0 -> new byte[0];
                case 1 -> Arrays.copyOf(content, content.length / 2);
                default -> "garbage".getBytes(StandardCharsets.UTF_8);
            };
            Files.write(files.get(i), damaged);
            deviceModel().open().close();
        }
        assertThat(draw(cache)).isEqualTo(picture);
    }

    @Test
    void aThreadThatIsInterruptedWhileItOpensAModelIsToldSoAndTheNextOneOpensIt() throws Exception {
        byte[] picture = draw(folder.resolve("sound"));
        int interrupted = 0;
        for (int millis : new int[] {0, 5, 20, 50, 90, 150, 300}) {
            AtomicReference<RuntimeException> failure = new AtomicReference<>();
            CompletableFuture<Boolean> flag = new CompletableFuture<>();
            Path own = folder.resolve("cache" + millis);
            Thread opening = new Thread(() -> {
                try {
                    open(own).close();
                } catch (RuntimeException e) {
                    failure.set(e);
                }
                flag.complete(Thread.currentThread().isInterrupted());
            });
            opening.start();
            Thread.sleep(millis);
            opening.interrupt();
            boolean stillInterrupted = flag.get();
            if (failure.get() != null) {
                assertThat(failure.get())
                        .isExactlyInstanceOf(SwiftBrushException.class)
                        .hasMessage(
                                "Opening %s was interrupted; call build() again on a thread that is not",
                                model.folder());
                assertThat(stillInterrupted).isTrue();
                interrupted++;
            }
            if (millis == 20) {
                assertThat(draw(own)).isEqualTo(picture);
            }
        }
        assertThat(interrupted).isPositive();
    }

    @Test
    void aThreadThatIsInterruptedWhileItWaitsForAnImageGivesUpAndItsPlaceIsFree() throws Exception {
        GenerationRequest large = CAT.withSize(256, 256);
        try (SwiftBrush brush = open(cache)) {
            byte[] picture = brush.generate(large).rgb();
            int cancelled = 0;
            for (int i = 0; i < 24; i++) {
                CompletableFuture<Throwable> outcome = new CompletableFuture<>();
                boolean beforehand = i == 0;
                Thread caller = new Thread(() -> {
                    try {
                        if (beforehand) {
                            Thread.currentThread().interrupt();
                        }
                        brush.generate(large);
                        outcome.complete(null);
                    } catch (RuntimeException e) {
                        outcome.complete(e);
                    }
                });
                caller.start();
                Thread.sleep(i * 3L);
                caller.interrupt();
                Throwable thrown = outcome.get();
                if (thrown != null) {
                    assertThat(thrown).isInstanceOf(GenerationCancelledException.class);
                    cancelled++;
                }
            }
            assertThat(brush.generate(large).rgb()).isEqualTo(picture);
            Stats stats = brush.stats();
            assertThat(stats.cancelled()).isEqualTo(cancelled).isPositive();
            assertThat(stats.completed()).isEqualTo(24 - cancelled + 2);
            assertThat(stats.failed()).isZero();
            assertThat(stats.waiting()).isZero();
        }
    }

    private byte[] draw(Path cacheDirectory) {
        try (SwiftBrush brush = open(cacheDirectory)) {
            return brush.generate(CAT).rgb();
        }
    }

    private SwiftBrush open(Path cacheDirectory) {
        return SwiftBrush.builder()
                .model(model.folder())
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(cacheDirectory)
                .build();
    }

    private DeviceModel deviceModel() {
        OneStep recipe = Recipes.preset("swiftbrush").resolve(model.file("scheduler/scheduler_config.json"));
        return new DeviceModel(model.open(), new ComputeDevice.Cpu(1), DType.F32, recipe, 77, new GraphCache(cache));
    }

    private static FileSystem disk(int bytes) {
        return Jimfs.newFileSystem(Configuration.unix().toBuilder()
                .setAttributeViews("basic", "unix")
                .setBlockSize(512)
                .setMaxSize(bytes)
                .build());
    }

    private Map<String, ModelProto> graphs(FileSystem disk, List<String> exported, Map<String, ModelProto> graphs) {
        GraphCache onDisk = new GraphCache(disk.getPath("/cache"));
        Map<String, Supplier<ModelProto>> exports = new TreeMap<>();
        graphs.forEach((name, graph) -> exports.put(name, () -> {
            exported.add(name);
            return graph;
        }));
        return onDisk.graphs(
                onDisk.hash(new CacheKey(Map.of("unet/config.json", model.file("unet/config.json")), "settings")),
                exports);
    }

    private static ModelProto graph(int bytes) {
        return ModelProto.newBuilder()
                .setProducerNameBytes(ByteString.copyFromUtf8("x".repeat(bytes)))
                .build();
    }

    private static List<Path> unfinished(Path root) throws IOException {
        return files(root).stream()
                .filter(file -> file.getFileName().toString().endsWith(".tmp"))
                .toList();
    }

    private static List<Path> files(Path root) throws IOException {
        if (!Files.exists(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    private static void deleteTree(Path root) throws IOException {
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.forEach(file -> paths.add(0, file));
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
        } catch (IOException e) { // no such program here
            return false;
        }
    }
}
