package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.Json;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AutoencoderTinyConfigTest {

    @Test
    void absentKeysMeanWhatTheyMeanToDiffusers() {
        // the signature of AutoencoderTiny.__init__ in diffusers 0.42.1
        assertThat(AutoencoderTinyConfig.of(Json.of("{'_class_name': 'AutoencoderTiny'}")))
                .isEqualTo(new AutoencoderTinyConfig(3, 4, 64, List.of(3, 3, 3, 1), Activation.RELU, 1, 0));
    }

    @Test
    void readsWhatVaries() {
        AutoencoderTinyConfig config = AutoencoderTinyConfig.of(Json.of("{'out_channels': 2, 'latent_channels': 16,"
                + " 'decoder_block_out_channels': [8, 8], 'num_decoder_blocks': [1, 2], 'act_fn': 'silu',"
                + " 'upsample_fn': 'nearest', 'upsampling_scaling_factor': 2, 'scaling_factor': 0.36, 'shift_factor': 0.1,"
                + " 'block_out_channels': [8, 8], 'in_channels': 7, 'encoder_block_out_channels': [5],"
                + " 'num_encoder_blocks': [9], 'latent_magnitude': 4, 'latent_shift': 0.3, 'force_upcast': true}"));

        assertThat(config).isEqualTo(new AutoencoderTinyConfig(2, 16, 8, List.of(1, 2), Activation.SILU, 0.36, 0.1));
        assertThat(config.scale()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "'_class_name': 'AutoencoderKL'| sets _class_name=\"AutoencoderKL\"; only AutoencoderTiny is supported",
                "'upsample_fn': 'bilinear'| sets upsample_fn=\"bilinear\"; only nearest is supported",
                "'upsampling_scaling_factor': 3| sets upsampling_scaling_factor=3; only 2 is supported",
                "'temporal': 4| sets temporal=4, which is not supported",
                "'decoder_block_out_channels': [64, 32]|: decoder_block_out_channels must be a list of equal numbers, but was [64,32]",
                "'decoder_block_out_channels': [64, 64]|: num_decoder_blocks must be a list of 2 numbers, as decoder_block_out_channels is, but was absent",
                "'num_decoder_blocks': [1, 1, 1]|: num_decoder_blocks must be a list of 4 numbers, as decoder_block_out_channels is, but was [1,1,1]",
                "'num_decoder_blocks': [1, 1, 1, 0]|: num_decoder_blocks must be a list of 1 to 8 whole numbers from 1 to 32, but was [1,1,1,0]",
                "'latent_channels': 0|: latent_channels must be a whole number from 1 to 65536, but was 0",
                "'scaling_factor': 0|: scaling_factor must be a number from 1.0E-4 to 10000.0, but was 0",
                "'act_fn': 'tanh'|: act_fn must be one of silu, swish, gelu, mish, relu, but was \"tanh\""
            })
    void refusesWhatItsDecoderDoesNotDo(String json, String message) {
        assertThatThrownBy(() -> AutoencoderTinyConfig.of(Json.of("{" + json + "}")))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json" + message);
    }
}
