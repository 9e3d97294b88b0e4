package dev.swiftbrush.runtime.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values of alphasCumprod are those of DDIMScheduler in diffusers 0.42.1 with PyTorch 2.15.0, single precision: two roundings. */
class NoiseScheduleTest {
    private static final String STABLE_DIFFUSION =
            "{'beta_start': 0.00085, 'beta_end': 0.012, 'beta_schedule': 'scaled_linear'}";
    private static final double ROUNDING = 1.2e-7;

    @ParameterizedTest
    @CsvSource({
        "0, 0.9991499781608582",
        "1, 0.9982960224151611",
        "625, 0.1377689242362976",
        "998, 0.004716695751994848",
        "999, 0.00466009508818388"
    })
    void isStableDiffusions(int timestep, double alphaCumprod) {
        assertThat(NoiseSchedule.of(Json.of(STABLE_DIFFUSION)).alphaCumprod(timestep))
                .isCloseTo(alphaCumprod, within(alphaCumprod * ROUNDING));
    }

    @ParameterizedTest
    @CsvSource({"0, 0.9998999834060669", "625, 0.018758336082100868", "999, 4.035830352222547e-05"})
    void absentKeysMeanWhatTheyMeanToDdim(int timestep, double alphaCumprod) {
        NoiseSchedule schedule = NoiseSchedule.of(Json.of("{}"));

        assertThat(schedule.alphaCumprod(timestep)).isCloseTo(alphaCumprod, within(alphaCumprod * ROUNDING));
        assertThat(schedule.prediction()).isEqualTo(Prediction.EPSILON);
    }

    @ParameterizedTest
    @CsvSource({"epsilon, EPSILON", "v_prediction, V", "sample, SAMPLE"})
    void saysWhatTheUnetPredicts(String name, Prediction prediction) {
        assertThat(NoiseSchedule.of(Json.of("{'prediction_type': '%s'}".formatted(name)))
                        .prediction())
                .isEqualTo(prediction);
    }

    @ParameterizedTest
    @CsvSource({"1000, 1000.0", "-1, -1.0", "998.5, 998.5", "NaN, NaN"})
    void refusesATimestepOutsideTheSchedule(double timestep, String shown) {
        NoiseSchedule schedule = NoiseSchedule.of(Json.of(STABLE_DIFFUSION));

        assertThatThrownBy(() -> schedule.alphaCumprod(timestep))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "config.json: the schedule has whole timesteps from 0 to 999, but the recipe's was %s", shown);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'trained_betas': [0.1]}|config.json sets trained_betas=[0.1], which is not supported",
                "{'rescale_betas_zero_snr': true}|config.json sets rescale_betas_zero_snr=true, which is not supported",
                "{'beta_schedule': 'squaredcos_cap_v2'}|config.json: beta_schedule must be linear or scaled_linear, but was \"squaredcos_cap_v2\"",
                "{'prediction_type': 'noise'}|config.json: prediction_type must be one of epsilon, v_prediction, sample, velocity, but was \"noise\"",
                "{'num_train_timesteps': 1}|config.json: num_train_timesteps must be at least 2, but was 1",
                "{'num_train_timesteps': 2000000000}|config.json: num_train_timesteps must be a whole number from 1 to 100000, but was 2000000000",
                "{'beta_start': 0}|config.json: 0 < beta_start <= beta_end < 1 must hold, but they were 0.0 and 0.02",
                "{'beta_start': 0.5}|config.json: 0 < beta_start <= beta_end < 1 must hold, but they were 0.5 and 0.02",
                "{'beta_end': 1}|config.json: 0 < beta_start <= beta_end < 1 must hold, but they were 1.0E-4 and 1.0",
                "{'beta_end': '0.012'}|config.json: beta_end must be a number from 0.0 to 1.0, but was \"0.012\""
            })
    void refusesWhatItDoesNotKnow(String json, String message) {
        assertThatThrownBy(() -> NoiseSchedule.of(Json.of(json)))
                .isInstanceOf(ModelException.class)
                .hasMessage(message);
    }

    @Test
    void betasOfTwoTimestepsAreTheFirstAndTheLast() {
        NoiseSchedule schedule = NoiseSchedule.of(Json.of("{'num_train_timesteps': 2}"));

        assertThat(schedule.alphaCumprod(0)).isCloseTo(0.999899983, within(ROUNDING));
        assertThat(schedule.alphaCumprod(1)).isCloseTo(0.979902029, within(ROUNDING));
    }
}
