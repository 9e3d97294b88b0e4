package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.ModelSource;
import dev.swiftbrush.spi.RecipeSource;
import java.nio.file.Path;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

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
                .hasMessage("No model given; call model(Path) with a diffusers folder or model(String) with a hub id");
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
                        Device.auto(),
                        Precision.AUTO,
                        new PoolOptions(1, 64, Duration.ofSeconds(30)),
                        NoiseGenerator.TORCH_CPU,
                        null));
    }

    @Test
    void tellsTheEngineWhatWasSet() {
        PoolOptions pool = PoolOptions.defaults().withMaxConcurrent(2);

        EngineConfig config = configOf(SwiftBrush.builder()
                .model("owner/name@v1.0")
                .device(Device.cuda(1))
                .precision(Precision.FP16)
                .pool(pool)
                .recipe("sd-turbo")
                .noise(NoiseGenerator.TORCH_CUDA)
                .cacheDirectory(Path.of("cache")));

        assertThat(config)
                .isEqualTo(new EngineConfig(
                        new ModelSource.Hub("owner/name", "v1.0"),
                        new RecipeSource.Preset("sd-turbo"),
                        Device.cuda(1),
                        Precision.FP16,
                        pool,
                        NoiseGenerator.TORCH_CUDA,
                        Path.of("cache")));
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
        assertRefused(() -> builder().precision(null), "precision must not be null");
        assertRefused(() -> builder().pool(null), "pool must not be null");
        assertRefused(() -> builder().recipe((String) null), "recipe must not be null");
        assertRefused(() -> builder().recipe(" "), "recipe must not be blank");
        assertRefused(() -> builder().recipe((Path) null), "recipe file must not be null");
        assertRefused(() -> builder().noise(null), "noise must not be null");
        assertRefused(() -> builder().cacheDirectory(null), "cache directory must not be null");
    }

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}
