package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.runtime.json.Json;
import org.junit.jupiter.api.Test;

/**
 * Against get_timestep_embedding and LatentConsistencyModelPipeline.get_guidance_scale_embedding of diffusers 0.42.1
 * (PyTorch 2.15.0, single precision). One rounding of an angle near 1000 (6e-5) moves a sine by as much.
 */
class SinusoidTest {
    private static final float ONE_ROUNDING = 6.2e-5f;

    @Test
    void cosinesComeFirstInStableDiffusion() {
        assertClose(
                Sinusoid.timestep(999, config(8, "'freq_shift': 0, 'flip_sin_to_cos': true")),
                0.9996498227f,
                0.8074550629f,
                -0.8444697857f,
                0.5411435366f,
                -0.0264607519f,
                -0.5899291039f,
                -0.5356031656f,
                0.8409302235f);
    }

    @Test
    void sinesComeFirstAndFrequenciesReachTheLastWhereTheConfigurationSaysSo() {
        assertClose(
                Sinusoid.timestep(999, config(8, "'freq_shift': 1, 'flip_sin_to_cos': false")),
                -0.0264607519f,
                0.6848614216f,
                0.8356484771f,
                0.0997339115f,
                0.9996498227f,
                -0.7286733389f,
                -0.5492646694f,
                0.9950141311f);
    }

    @Test
    void theLastPlaceOfAnOddWidthIsZero() {
        assertClose(
                Sinusoid.timestep(999, config(7, "'freq_shift': 0")),
                0.9996498227f,
                -0.7286733389f,
                -0.5492646694f,
                -0.0264607519f,
                0.6848614216f,
                0.8356484771f,
                0);
    }

    @Test
    void aTimestepMayBeTheEndOfTime() {
        assertClose(
                Sinusoid.timestep(1000, config(8, "'freq_shift': 0")),
                0.5623790622f,
                0.8623149991f,
                -0.8390715122f,
                0.5403023362f,
                0.8268795609f,
                -0.5063722134f,
                -0.5440211296f,
                0.8414709568f);
    }

    /** The pipeline takes the scale less one: 7.5 for a scale of 8.5; an angle of 7500 rounds to 5e-4. */
    @Test
    void aGuidanceScaleIsEmbeddedSineFirst() {
        float[] embedding = Sinusoid.guidance(8.5, 8);
        float[] reference = {
            -0.8512358665f,
            0.5626711249f,
            -0.4352330267f,
            0.6816387177f,
            -0.5247832537f,
            -0.8266808391f,
            -0.9003178477f,
            0.7316889167f
        };

        assertThat(embedding)
                .usingElementComparator((a, b) -> Math.abs(a - b) < 5e-4 ? 0 : 1)
                .containsExactly(reference);
    }

    @Test
    void theGuidancesLastPlaceIsZeroToo() {
        assertThat(Sinusoid.guidance(8.5, 7)).hasSize(7).endsWith(0f);
        assertThat(Sinusoid.guidance(8.5, 7)[1]).isCloseTo(-0.3877816498f, within(ONE_ROUNDING));
    }

    private static UNetConfig config(int channels, String json) {
        return UNetConfig.of(Json.of(("{'block_out_channels': [%d], 'norm_num_groups': 1, 'attention_head_dim': 1, "
                        + "'down_block_types': ['DownBlock2D'], 'up_block_types': ['UpBlock2D'], %s}")
                .formatted(channels, json)));
    }

    private static void assertClose(float[] values, float... reference) {
        assertThat(values).hasSameSizeAs(reference);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).as("place %d", i).isCloseTo(reference[i], within(ONE_ROUNDING));
        }
    }
}
