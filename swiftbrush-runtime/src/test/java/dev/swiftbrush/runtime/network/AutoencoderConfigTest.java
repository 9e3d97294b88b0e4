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

class AutoencoderConfigTest {

    @Test
    void absentKeysMeanWhatTheyMeanToDiffusers() {
        // the signature of AutoencoderKL.__init__ in diffusers 0.42.1
        assertThat(AutoencoderConfig.of(Json.of("{'_class_name': 'AutoencoderKL'}")))
                .isEqualTo(new AutoencoderConfig(
                        3, 3, 4, List.of(64), 1, 32, Activation.SILU, 0.18215, 0, true, true, true));
    }

    @Test
    void readsWhatVaries() {
        AutoencoderConfig config = AutoencoderConfig.of(Json.of("{'in_channels': 1, 'out_channels': 2,"
                + " 'latent_channels': 16, 'block_out_channels': [8, 12], 'layers_per_block': 2, 'norm_num_groups': 4,"
                + " 'act_fn': 'mish', 'scaling_factor': 0.36, 'shift_factor': 0.1, 'use_quant_conv': false,"
                + " 'use_post_quant_conv': false, 'mid_block_add_attention': false, 'sample_size': [1], 'force_upcast': 1,"
                + " 'down_block_types': ['DownEncoderBlock2D', 'DownEncoderBlock2D'], '_name_or_path': 'x',"
                + " 'up_block_types': ['UpDecoderBlock2D', 'UpDecoderBlock2D'], 'latents_mean': null}"));

        assertThat(config)
                .isEqualTo(new AutoencoderConfig(
                        1, 2, 16, List.of(8, 12), 2, 4, Activation.MISH, 0.36, 0.1, false, false, false));
        assertThat(config.scale()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "'_class_name': 'AutoencoderTiny'| sets _class_name=\"AutoencoderTiny\"; only AutoencoderKL is supported",
                "'latents_mean': [0.1]| sets latents_mean=[0.1], which is not supported",
                "'latents_std': [0.1]| sets latents_std=[0.1], which is not supported",
                "'temporal': 4| sets temporal=4, which is not supported",
                "'block_out_channels': []|: block_out_channels must be a list of 1 to 8 whole numbers from 1 to 65536, but was []",
                "'block_out_channels': [32,32,32,32,32,32,32,32,32]|: block_out_channels must be a list of 1 to 8 whole numbers from 1 to 65536, but was [32,32,32,32,32,32,32,32,32]",
                "'block_out_channels': [64, 64]|: down_block_types must be a list of 2 times DownEncoderBlock2D, but was absent",
                "'down_block_types': ['AttnDownEncoderBlock2D']|: down_block_types must be a list of 1 times DownEncoderBlock2D, but was [\"AttnDownEncoderBlock2D\"]",
                "'up_block_types': []|: up_block_types must be a list of 1 times UpDecoderBlock2D, but was []",
                "'norm_num_groups': 7|: block_out_channels must be multiples of norm_num_groups=7, but was absent",
                "'layers_per_block': 1000000000|: layers_per_block must be a whole number from 1 to 32, but was 1000000000",
                "'latent_channels': 2147483647|: latent_channels must be a whole number from 1 to 65536, but was 2147483647",
                "'scaling_factor': 0|: scaling_factor must be a number from 1.0E-4 to 10000.0, but was 0",
                "'scaling_factor': 1e-300|: scaling_factor must be a number from 1.0E-4 to 10000.0, but was 1.0E-300",
                "'shift_factor': '0'|: shift_factor must be a number from -10000.0 to 10000.0, but was \"0\"",
                "'use_quant_conv': 0|: use_quant_conv must be true or false, but was 0",
                "'act_fn': 'tanh'|: act_fn must be one of silu, swish, gelu, mish, relu, but was \"tanh\""
            })
    void refusesWhatItsNetworkDoesNotDo(String json, String message) {
        assertThatThrownBy(() -> AutoencoderConfig.of(Json.of("{" + json + "}")))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json" + message);
    }
}
