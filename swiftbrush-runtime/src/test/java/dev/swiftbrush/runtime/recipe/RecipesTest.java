package dev.swiftbrush.runtime.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.spi.RecipeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipesTest {
    private static final String PRESETS = "swiftbrush, sd-turbo, instaflow, lcm, dmd2, sid-lsg";

    @TempDir
    Path folder;

    @Test
    void takesThePresetThatIsAskedFor() throws IOException {
        write("swiftbrush.json", "{'recipe': 'lcm'}");

        assertThat(Recipes.of(folder, new RecipeSource.Preset("dmd2"))).isEqualTo(Recipes.preset("dmd2"));
    }

    @Test
    void takesTheFileThatIsAskedFor() throws IOException {
        Path file = write("mine.json", "{'name': 'mine', 'timestep': 500.5, 'guidance': 3}");

        assertThat(Recipes.of(folder, new RecipeSource.File(file)))
                .isEqualTo(new Recipe("mine", 500.5, false, null, null, false, 3.0));
    }

    @Test
    void takesThePresetThatIsRecorded() throws IOException {
        write("swiftbrush.json", "{'recipe': 'lcm'}");
        write("model_index.json", "{'_name_or_path': 'stabilityai/sd-turbo'}");

        assertThat(Recipes.of(folder, null).name()).isEqualTo("lcm");
    }

    @Test
    void takesTheRecipeThatIsRecorded() throws IOException {
        write(
                "swiftbrush.json",
                "{'recipe': {'name': 'mine', 'timestep': 999, 'alpha_squared': 0.005, 'scaled_input': true,"
                        + " 'prediction': 'v_prediction', 'consistency': true}}");

        assertThat(Recipes.of(folder, null)).isEqualTo(new Recipe("mine", 999, true, 0.005, Prediction.V, true, null));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "{'recipie': 'lcm'}|: recipe must be a preset's name or an object, but was absent",
                "{'recipe': 7}|: recipe must be a string, but was 7",
                "{'recipe': {'name': 'x', 'timestep': 9, 'guidence': 2}}| sets guidence=2, which is not supported",
                "{'recipe': {'name': 'x', 'timestep': true}}|: timestep must be a number from 0.0 to 100000.0, but was true"
            })
    void refusesARecordThatItWouldMisread(String json, String message) throws IOException {
        Path record = write("swiftbrush.json", json);

        assertThatThrownBy(() -> Recipes.of(folder, null))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s%s", record, message);
    }

    @Test
    void refusesAPresetThatIsNotThere() {
        assertThatThrownBy(() -> Recipes.of(folder, new RecipeSource.Preset("sdxl-turbo")))
                .isInstanceOf(ModelException.class)
                .hasMessage("There is no recipe 'sdxl-turbo'; the presets are: %s", PRESETS);
    }

    @ParameterizedTest
    @CsvSource({
        "model_index.json, thuanz123/swiftbrush, swiftbrush",
        "model_index.json, stabilityai/sd-turbo, sd-turbo",
        "unet/config.json, stabilityai/sd-turbo, sd-turbo",
        "unet/config.json, XCLiu/instaflow_0_9B_from_sd_1_5, instaflow",
        "model_index.json, SimianLuo/LCM_Dreamshaper_v7, lcm"
    })
    void knowsACheckpointByTheIdThatItWasSavedUnder(String file, String id, String recipe) throws IOException {
        write(file, "{'_name_or_path': '%s'}".formatted(id));

        assertThat(Recipes.of(folder, null).name()).isEqualTo(recipe);
    }

    @Test
    void knowsALatentConsistencyModelByItsScheduler() throws IOException {
        write("scheduler/scheduler_config.json", "{'_class_name': 'LCMScheduler'}");

        assertThat(Recipes.of(folder, null).name()).isEqualTo("lcm");
    }

    @Test
    void guessesNothing() throws IOException {
        write("scheduler/scheduler_config.json", "{'_class_name': 'PNDMScheduler'}");
        write("model_index.json", "{'_name_or_path': 'stabilityai/sd-turbo-2'}");
        write("unet/config.json", "{'_name_or_path': 'runwayml/stable-diffusion-v1-5'}");

        assertThatThrownBy(() -> Recipes.of(folder, null))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s does not say how it makes an image in one step, and a multi-step model would draw garbage; if it is a one-step model, call recipe(...) with one of: %s",
                        folder, PRESETS);
    }

    private Path write(String file, String json) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, json.replace('\'', '"'));
    }
}
