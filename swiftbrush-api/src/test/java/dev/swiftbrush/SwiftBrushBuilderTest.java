package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.ModelSource;
import dev.swiftbrush.spi.RecipeSource;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SwiftBrushBuilderTest {

    private static EngineConfig configOf(SwiftBrush.Builder builder) {
        builder.build().close();
        return FakeEngineProvider.opened().config;
    }

    private static SwiftBrush.Builder builder() {
        return SwiftBrush.builder().model(Path.of("model"));
    }

    @Test
    void refusesToBuildWithoutAModel() {
        assertThatThrownBy(() -> SwiftBrush.builder().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "No model given, and none on the class path; call model(Path) with a diffusers folder or a model file or model(String) with a hub id, or add a model file to the class path");
    }

    @Test
    void withoutAModelTakesTheOneOnTheClassPath(@TempDir Path folder) throws IOException {
        URL first = modelFile(folder.resolve("first"));
        ModelSource.ClassPath found = new ModelSource.ClassPath(URI.create(first + ModelSource.ClassPath.MANIFEST));
        withClassPath(List.of(first), () -> {
            assertThat(configOf(SwiftBrush.builder()).model()).isEqualTo(found);
            assertThat(configOf(builder()).model()).isEqualTo(new ModelSource.Folder(Path.of("model")));
        });
        withClassPath(
                List.of(first, first),
                () -> assertThat(configOf(SwiftBrush.builder()).model()).isEqualTo(found));
    }

    @Test
    void refusesToChooseBetweenModelsOnTheClassPath(@TempDir Path folder) throws IOException {
        URL first = modelFile(folder.resolve("first"));
        URL second = modelFile(folder.resolve("second"));
        withClassPath(
                List.of(first, second),
                () -> assertThatThrownBy(() -> SwiftBrush.builder().build())
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage(
                                "2 model files on the class path: [%1$s%3$s, %2$s%3$s]; keep one, or call model(Path) with the one that is meant",
                                first, second, ModelSource.ClassPath.MANIFEST));
    }

    private static URL modelFile(Path folder) throws IOException {
        Path manifest = folder.resolve(ModelSource.ClassPath.MANIFEST);
        Files.createDirectories(manifest.getParent());
        Files.writeString(manifest, "{}");
        return folder.toUri().toURL();
    }

    private static void withClassPath(List<URL> urls, Runnable test) throws IOException {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(urls.toArray(URL[]::new), before)) {
            Thread.currentThread().setContextClassLoader(loader);
            test.run();
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    @Test
    void passesOnThatTheModelOrTheDeviceCannotBeUsed() {
        assertThatThrownBy(() -> SwiftBrush.builder().model(Path.of("damaged")).build())
                .isInstanceOf(ModelException.class)
                .hasMessage("unet has no tensor 'conv_in.weight'");
        assertThatThrownBy(() -> builder().device(Device.cuda(255)).build())
                .isInstanceOf(DeviceException.class)
                .hasMessage("No CUDA device 255");
    }

    @Test
    void tellsTheEngineItsDefaults() {
        assertThat(configOf(builder()))
                .isEqualTo(new EngineConfig(
                        new ModelSource.Folder(Path.of("model")),
                        null,
                        null,
                        List.of(Device.auto()),
                        Precision.AUTO,
                        CalibrationOptions.defaults(),
                        PoolOptions.defaults(),
                        NoiseGenerator.TORCH_CPU,
                        null,
                        true,
                        false,
                        true,
                        67_108_864,
                        null,
                        List.of(),
                        List.of(),
                        Set.of(),
                        null));
    }

    @Test
    void tellsTheEngineWhatWasSet() {
        PoolOptions pool = PoolOptions.defaults().withMaxConcurrent(2);
        GenerationListener first = event -> {};
        GenerationListener second = event -> {};
        DownloadListener download = progress -> {};

        EngineConfig config = configOf(SwiftBrush.builder()
                .model("owner/name@v1.0")
                .device(Device.cuda(1), Device.cuda(0), Device.cpu(2))
                .precision(Precision.FP16)
                .pool(pool)
                .recipe("sd-turbo")
                .decoder(Path.of("taesd"))
                .noise(NoiseGenerator.TORCH_CUDA)
                .cacheDirectory(Path.of("cache"))
                .prepareWeights(false)
                .lowMemory(true)
                .warmUp(false)
                .promptCacheBytes(0)
                .memoryLimitBytes(1L << 33)
                .listener(first)
                .listener(second)
                .downloadListener(download)
                .requireLicence("apache-2.0", "mit")
                .pin("0123456789abcdef".repeat(4)));

        assertThat(config)
                .isEqualTo(new EngineConfig(
                        new ModelSource.Hub("owner/name", "v1.0"),
                        new RecipeSource.Preset("sd-turbo"),
                        Path.of("taesd"),
                        List.of(Device.cuda(1), Device.cuda(0), Device.cpu(2)),
                        Precision.FP16,
                        CalibrationOptions.defaults(),
                        pool,
                        NoiseGenerator.TORCH_CUDA,
                        Path.of("cache"),
                        false,
                        true,
                        false,
                        0,
                        8_589_934_592L,
                        List.of(first, second),
                        List.of(download),
                        Set.of("apache-2.0", "mit"),
                        "0123456789abcdef".repeat(4)));
    }

    @Test
    void refusesADeviceThatIsThereTwice() {
        assertRefused(
                () -> builder().device(Device.cuda(0), Device.cuda(1), Device.cuda(0)),
                "Each device must be there once, but the devices were [cuda:0, cuda:1, cuda:0]");
        assertRefused(
                () -> builder().device(Device.cpu(), Device.cpu(2)),
                "Each device must be there once, but the devices were [cpu, cpu with 2 threads]");
    }

    @Test
    void refusesToChooseADeviceBesideOthers() {
        assertRefused(
                () -> builder().device(Device.cuda(1), Device.auto()),
                "auto() must be the only device, but the devices were [cuda:1, auto]; name each that is to be used");
    }

    @Test
    void refusesBytesThatNothingFitsInto() {
        assertRefused(() -> builder().promptCacheBytes(-1), "promptCacheBytes must not be negative, but was -1");
        assertRefused(() -> builder().memoryLimitBytes(0), "memoryLimitBytes must be positive, but was 0");
    }

    @Test
    void theLaterModelCounts() {
        assertThat(configOf(builder().model("owner/name")).model()).isEqualTo(new ModelSource.Hub("owner/name", null));
        assertThat(configOf(SwiftBrush.builder().model("owner/name").model(Path.of("model")))
                        .model())
                .isEqualTo(new ModelSource.Folder(Path.of("model")));
    }

    @Test
    void theLaterRecipeCounts() {
        Path file = Path.of("recipe.json");

        assertThat(configOf(builder().recipe("lcm").recipe(file)).recipe()).isEqualTo(new RecipeSource.File(file));
        assertThat(configOf(builder().recipe(file).recipe("lcm")).recipe()).isEqualTo(new RecipeSource.Preset("lcm"));
    }

    @Test
    void refusesAHubIdOfAnotherForm() {
        assertThatThrownBy(() -> SwiftBrush.builder().model("/models/sb"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A hub id must be owner/name or owner/name@revision, but was '/models/sb'; for a folder use"
                        + " model(Path)");
    }

    @Test
    void refusesAbsentAndBlankArguments() {
        assertRefused(() -> builder().model((Path) null), "model folder must not be null");
        assertRefused(() -> builder().model((String) null), "hub id must not be null");
        assertRefused(() -> builder().device(null), "device must not be null");
        assertRefused(() -> builder().device(Device.cpu(), (Device) null), "device must not be null");
        assertRefused(() -> builder().device(Device.cpu(), (Device[]) null), "device must not be null");
        assertRefused(() -> builder().listener(null), "listener must not be null");
        assertRefused(() -> builder().precision(null), "precision must not be null");
        assertRefused(() -> builder().pool(null), "pool must not be null");
        assertRefused(() -> builder().recipe((String) null), "recipe must not be null");
        assertRefused(() -> builder().recipe(" "), "recipe must not be blank");
        assertRefused(() -> builder().recipe((Path) null), "recipe file must not be null");
        assertRefused(() -> builder().decoder(null), "decoder folder must not be null");
        assertRefused(() -> builder().noise(null), "noise must not be null");
        assertRefused(() -> builder().cacheDirectory(null), "cache directory must not be null");
        assertRefused(() -> builder().downloadListener(null), "download listener must not be null");
        assertRefused(() -> builder().requireLicence(null), "licence must not be null");
        assertRefused(() -> builder().requireLicence("mit", (String) null), "licence must not be null");
        assertRefused(() -> builder().requireLicence("mit", " "), "licence must not be blank");
        assertRefused(() -> builder().pin(null), "fingerprint must not be null");
        assertRefused(() -> builder().pin("0AB"), "fingerprint must be a SHA-256 in lower-case hex, but was 0AB");
    }

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}
