package dev.swiftbrush.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.CalibrationOptions;
import dev.swiftbrush.Device;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.Precision;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourcesTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "owner/name",
                "Owner_1/sd-turbo.v2_fp16",
                "owner/name@main",
                "owner/name@v1.0-rc.1",
                "owner/name@refs/pr/1",
                "owner/name@0123456789abcdef0123456789abcdef01234567"
            })
    void readsAHubId(String text) {
        assertThat(ModelSource.Hub.parse(text)).hasToString(text);
    }

    @Test
    void partsAHubIdFromItsRevision() {
        assertThat(ModelSource.Hub.parse("owner/name@refs/pr/1"))
                .isEqualTo(new ModelSource.Hub("owner/name", "refs/pr/1"));
        assertThat(ModelSource.Hub.parse("owner/name")).isEqualTo(new ModelSource.Hub("owner/name", null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "name",
                "/name",
                "owner/",
                "owner/name/more",
                "../name",
                "owner/..",
                "owner/.name",
                "owner/name.",
                "owner/a--b",
                "owner/na me",
                "owner/name\n",
                "öwner/name",
                "C:\\models\\sb",
                "https://hub/owner/name",
                "owner/name@",
                "owner/name@a/../b",
                "owner/name@/a",
                "owner/name@a/",
                "owner/name@a//b",
                "owner/name@a@b",
                "owner/name@a\n"
            })
    void refusesAHubIdOfAnotherForm(String text) {
        assertThatThrownBy(() -> ModelSource.Hub.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A hub id must be owner/name or owner/name@revision, but was '" + text
                        + "'; for a folder use model(Path)");
    }

    @Test
    void refusesPartsThatAreTooLong() {
        String longest = "o".repeat(96) + "/" + "n".repeat(96) + "@" + "r".repeat(255);

        assertThat(ModelSource.Hub.parse(longest)).hasToString(longest);
        assertThatThrownBy(() -> ModelSource.Hub.parse("o".repeat(97) + "/name"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ModelSource.Hub.parse("owner/name@" + "r".repeat(256)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void showsOnlyTheStartOfAVeryLongText() {
        assertThatThrownBy(() -> ModelSource.Hub.parse("x".repeat(1_000_000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A hub id must be owner/name or owner/name@revision, but was '" + "x".repeat(255)
                        + "...'; for a folder use model(Path)");
    }

    @Test
    void namesWhatIsAbsent() {
        refuses(() -> new ModelSource.Folder(null), "path must not be null");
        refuses(() -> new ModelSource.Hub(null, null), "id must not be null");
        refuses(() -> ModelSource.Hub.parse(null), "text must not be null");
        refuses(() -> new RecipeSource.Preset(null), "name must not be null");
        refuses(() -> new RecipeSource.File(null), "path must not be null");
        PoolOptions pool = PoolOptions.defaults();
        refuses(() -> config(null, List.of(Device.auto()), pool), "model must not be null");
        ModelSource model = new ModelSource.Folder(Path.of("model"));
        refuses(() -> config(model, null, pool), "devices must not be null");
        refuses(() -> config(model, Collections.singletonList(null), pool), "an element of devices must not be null");
        refuses(() -> config(model, List.of(Device.auto()), null), "pool must not be null");
    }

    @Test
    void anEngineIsToldNoImpossibleAmountOfMemory() {
        refuses(() -> config(-1, 1L), "promptCacheBytes must not be negative, but was -1");
        refuses(() -> config(0, 0L), "memoryLimitBytes must be positive, but was 0");
        assertThat(config(0, null).memoryLimitBytes()).isNull();
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static EngineConfig config(long promptCacheBytes, Long memoryLimitBytes) {
        return new EngineConfig(
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
                promptCacheBytes,
                memoryLimitBytes,
                List.of(),
                List.of(),
                Set.of(),
                null);
    }

    @Test
    void anEngineHasADeviceAndItsOwnLists() {
        ModelSource model = new ModelSource.Folder(Path.of("model"));
        List<Device> devices = new ArrayList<>(List.of(Device.cpu()));

        EngineConfig config = config(model, devices, PoolOptions.defaults());
        devices.clear();

        assertThat(config.devices()).containsExactly(Device.cpu());
        assertThatThrownBy(() -> config(model, devices, PoolOptions.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("devices must not be empty");
    }

    private static EngineConfig config(ModelSource model, List<Device> devices, PoolOptions pool) {
        return new EngineConfig(
                model,
                null,
                null,
                devices,
                Precision.AUTO,
                CalibrationOptions.defaults(),
                pool,
                NoiseGenerator.TORCH_CPU,
                null,
                true,
                false,
                true,
                0,
                null,
                List.of(),
                List.of(),
                Set.of(),
                null);
    }

    @Test
    void aModelOnTheClassPathIsNamedByItsManifest() {
        assertThatThrownBy(() -> new ModelSource.ClassPath(URI.create("jar:file:/a.zip!/model_index.json")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "manifest must end with META-INF/swiftbrush/default-model.json, but was jar:file:/a.zip!/model_index.json");
    }
}
