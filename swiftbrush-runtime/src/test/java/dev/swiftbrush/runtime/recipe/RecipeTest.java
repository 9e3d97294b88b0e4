package dev.swiftbrush.runtime.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Recipes hold against the formulas of their papers, written out here with the alphasCumprod of Stable Diffusion's
 * schedule (diffusers 0.42.1).
 */
class RecipeTest {
    private static final double AT_999 = 0.00466009508818388;
    private static final double AT_625 = 0.1377689242362976;

    @TempDir
    Path folder;

    @Test
    void swiftBrushTakesAlphaSquaredAsRounded() throws IOException {
        OneStep step = preset("swiftbrush");

        assertStep(step, 999, 1, 1 / Math.sqrt(0.0047), -Math.sqrt(1 - 0.0047) / Math.sqrt(0.0047));
        assertThat(step.guidance()).isNull();
    }

    @Test
    void sdTurboSeesNoiseScaledBySigma() throws IOException {
        double alpha = Math.sqrt(AT_999);
        double sigma = Math.sqrt(1 - AT_999);

        assertStep(preset("sd-turbo"), 999, sigma, sigma / alpha, -sigma / alpha);
    }

    @Test
    void sidLsgStepsFromTheMiddleOfTheSchedule() throws IOException {
        double alpha = Math.sqrt(AT_625);
        double sigma = Math.sqrt(1 - AT_625);

        assertStep(preset("sid-lsg"), 625, sigma, sigma / alpha, -sigma / alpha);
    }

    @Test
    void dmd2TakesTheSchedulesOwnAlpha() throws IOException {
        assertStep(preset("dmd2"), 999, 1, 1 / Math.sqrt(AT_999), -Math.sqrt(1 - AT_999) / Math.sqrt(AT_999));
    }

    @Test
    void instaFlowAddsTheVelocityAndNeedsNoScheduler() {
        OneStep step = Recipes.preset("instaflow").resolve(folder.resolve("absent.json"));

        assertStep(step, 1000, 1, 1, 1);
    }

    @Test
    void lcmMixesTheResultWithItsInput() throws IOException {
        double scaled = 10.0 * 999;
        double skip = 0.25 / (scaled * scaled + 0.25);
        double out = scaled / Math.sqrt(scaled * scaled + 0.25);
        double alpha = Math.sqrt(AT_999);
        OneStep step = preset("lcm");

        assertStep(step, 999, 1, skip + out / alpha, -out * Math.sqrt(1 - AT_999) / alpha);
        assertThat(step.guidance()).isEqualTo(8.5);
    }

    @Test
    void theSchedulerSaysWhatTheUnetPredicts() throws IOException {
        OneStep step = Recipes.preset("dmd2").resolve(scheduler("'prediction_type': 'v_prediction'"));

        // x0 = alpha z - sigma v
        assertStep(step, 999, 1, Math.sqrt(AT_999), -Math.sqrt(1 - AT_999));
    }

    @Test
    void theRecipesWordOnThePredictionCountsMoreThanTheSchedulers() throws IOException {
        Recipe recipe = Recipe.of(Json.of("{'name': 'mine', 'timestep': 999, 'prediction': 'sample'}"));

        OneStep step = recipe.resolve(scheduler("'prediction_type': 'v_prediction'"));

        assertStep(step, 999, 1, 0, 1);
    }

    @Test
    void aTimestepOutsideTheScheduleIsRefused() throws IOException {
        Path scheduler = scheduler("'num_train_timesteps': 500");

        assertThatThrownBy(() -> Recipes.preset("dmd2").resolve(scheduler))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s: the schedule has whole timesteps from 0 to 499, but the recipe's was 999.0", scheduler);
    }

    @Test
    void aScheduleThatLeavesNothingOfTheLatentsIsRefused() throws IOException {
        Path scheduler = folder.resolve("scheduler_config.json");
        Files.writeString(scheduler, "{\"beta_start\": 0.5, \"beta_end\": 0.9}");

        assertThatThrownBy(() -> Recipes.preset("dmd2").resolve(scheduler))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s: alphaCumprod at timestep 999.0 is 0.0; one step can be made where it is at least 1.0E-9 and less than 1",
                        scheduler);
    }

    @Test
    void aRecipeThatNeedsASchedulerMissesIt() {
        Path scheduler = folder.resolve("scheduler_config.json");

        assertThatThrownBy(() -> Recipes.preset("swiftbrush").resolve(scheduler))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s does not exist", scheduler);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'timestep': 999}|config.json: name must be a string, but was absent",
                "{'name': 'x'}|config.json: timestep must be a number, but was absent",
                "{'name': 'x', 'timestep': -1}|config.json: timestep must be a number from 0.0 to 100000.0, but was -1",
                "{'name': 'x', 'timestep': 1e30}|config.json: timestep must be a number from 0.0 to 100000.0, but was 1.0E30",
                "{'name': 'x', 'timestep': '999'}|config.json: timestep must be a number from 0.0 to 100000.0, but was \"999\"",
                "{'name': 'x', 'timestep': 9, 'alpha_squared': 0}|config.json: alpha_squared must be a number from 1.0E-9 to 0.999999999, but was 0",
                "{'name': 'x', 'timestep': 9, 'alpha_squared': 1}|config.json: alpha_squared must be a number from 1.0E-9 to 0.999999999, but was 1",
                "{'name': 'x', 'timestep': 9, 'guidance': -1}|config.json: guidance must be a number from 0.0 to 1000.0, but was -1",
                "{'name': 'x', 'timestep': 9, 'prediction': 'eps'}|config.json: prediction must be one of epsilon, v_prediction, sample, velocity, but was \"eps\"",
                "{'name': 'x', 'timestep': 9, 'scaled_input': 1}|config.json: scaled_input must be true or false, but was 1",
                "{'name': 'x', 'timestep': 9, 'alpha_sqaured': 0.0047}|config.json sets alpha_sqaured=0.0047, which is not supported",
                "{'name': 'x', 'timestep': 9, 'prediction': 'velocity', 'alpha_squared': 0.5}|config.json sets alpha_squared=0.5, which is not supported",
                "{'name': 'x', 'timestep': 9, 'prediction': 'velocity', 'consistency': true}|config.json sets consistency=true, which is not supported",
                "{'name': 'x', 'timestep': 9, 'prediction': 'velocity', 'scaled_input': true}|config.json sets scaled_input=true, which is not supported"
            })
    void refusesARecipeThatItWouldMisread(String json, String message) {
        assertThatThrownBy(() -> Recipe.of(Json.of(json)))
                .isInstanceOf(ModelException.class)
                .hasMessage(message);
    }

    private OneStep preset(String name) throws IOException {
        return Recipes.preset(name).resolve(scheduler("'prediction_type': 'epsilon'"));
    }

    private Path scheduler(String more) throws IOException {
        String json = "{'beta_start': 0.00085, 'beta_end': 0.012, 'beta_schedule': 'scaled_linear', " + more + "}";
        return Files.writeString(folder.resolve("scheduler_config.json"), json.replace('\'', '"'));
    }

    private static void assertStep(OneStep step, double timestep, double input, double noise, double output) {
        assertThat(step.timestep()).isEqualTo(timestep);
        assertThat(step.inputScale()).isCloseTo(input, within(1e-7));
        assertThat(step.noiseFactor()).isCloseTo(noise, within(1e-6));
        assertThat(step.outputFactor()).isCloseTo(output, within(1e-6));
    }
}
