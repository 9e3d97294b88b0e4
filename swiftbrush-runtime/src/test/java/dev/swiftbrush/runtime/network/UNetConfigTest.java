package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.Json;
import dev.swiftbrush.runtime.network.UNetConfig.Level;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UNetConfigTest {
    /** Two levels, so that a list of the wrong length is one of any other. */
    private static final String TWO = "'block_out_channels': [32, 64], "
            + "'down_block_types': ['CrossAttnDownBlock2D', 'DownBlock2D'], "
            + "'up_block_types': ['UpBlock2D', 'CrossAttnUpBlock2D']";

    @Test
    void absentKeysMeanWhatTheyMeanToDiffusers() {
        UNetConfig config = UNetConfig.of(Json.of("{'_class_name': 'UNet2DConditionModel'}"));

        // the signature of UNet2DConditionModel.__init__ in diffusers 0.42.1
        assertThat(config)
                .isEqualTo(new UNetConfig(
                        4,
                        4,
                        null,
                        List.of(
                                new Level(320, 2, 8, 1, true, true),
                                new Level(640, 2, 8, 1, true, true),
                                new Level(1280, 2, 8, 1, true, true),
                                new Level(1280, 2, 8, 1, false, false)),
                        true,
                        32,
                        1e-5,
                        Activation.SILU,
                        false,
                        1,
                        3,
                        3,
                        1280,
                        true,
                        0,
                        1280,
                        null));
    }

    @Test
    void nullMeansAbsent() {
        assertThat(UNetConfig.of(
                        Json.of("{'sample_size': null, 'time_embedding_dim': null, 'num_class_embeds': null}")))
                .isEqualTo(UNetConfig.of(Json.of("{}")));
    }

    @Test
    void keysThatBeginWithAnUnderscoreAreRemarks() {
        assertThat(UNetConfig.of(Json.of("{'_name_or_path': 'x/y', '_diffusers_version': '0.6.0', '_anything': [1]}")))
                .isEqualTo(UNetConfig.of(Json.of("{}")));
    }

    @Test
    void oneNumberIsMeantForEveryBlock() {
        UNetConfig scalars = two("'layers_per_block': 3, 'attention_head_dim': 4, 'transformer_layers_per_block': 2,"
                + " 'cross_attention_dim': 48");
        UNetConfig lists = two("'layers_per_block': [3, 3], 'attention_head_dim': [4, 4],"
                + " 'transformer_layers_per_block': [2, 2], 'cross_attention_dim': [48, 48]");

        assertThat(scalars).isEqualTo(lists);
        assertThat(scalars.levels())
                .containsExactly(new Level(32, 3, 4, 2, true, true), new Level(64, 3, 4, 2, false, false));
        assertThat(scalars.crossAttentionDim()).isEqualTo(48);
    }

    @Test
    void eachBlockHasItsOwnNumbers() {
        assertThat(
                        two("'layers_per_block': [1, 2], 'attention_head_dim': [4, 8], 'transformer_layers_per_block': [2, 3]")
                                .levels())
                .containsExactly(new Level(32, 1, 4, 2, true, true), new Level(64, 2, 8, 3, false, false));
    }

    @Test
    void upBlocksAreListedFromTheCoarsest() {
        UNetConfig config = UNetConfig.of(Json.of("{'block_out_channels': [32, 64],"
                + " 'down_block_types': ['DownBlock2D', 'CrossAttnDownBlock2D'],"
                + " 'up_block_types': ['UpBlock2D', 'CrossAttnUpBlock2D']}"));

        assertThat(config.levels())
                .containsExactly(new Level(32, 2, 8, 1, false, true), new Level(64, 2, 8, 1, true, false));
    }

    @Test
    void theSampleSizeIsHeightAndWidth() {
        assertThat(two("'sample_size': 64").sampleSize()).containsExactly(64, 64);
        assertThat(two("'sample_size': [48, 96]").sampleSize()).containsExactly(48, 96);
        assertThat(two("'in_channels': 4").sampleSize()).isNull();
    }

    @Test
    void readsWhatVaries() {
        UNetConfig config = two("'in_channels': 5, 'out_channels': 6, 'norm_num_groups': 4, 'norm_eps': 1e-4,"
                + " 'act_fn': 'gelu', 'use_linear_projection': true, 'downsample_padding': 0, 'conv_in_kernel': 5,"
                + " 'conv_out_kernel': 1, 'time_embedding_dim': 100, 'flip_sin_to_cos': false, 'freq_shift': 1,"
                + " 'time_cond_proj_dim': 256, 'upcast_attention': true, 'dropout': 0.1");

        assertThat(config)
                .isEqualTo(new UNetConfig(
                        5,
                        6,
                        null,
                        config.levels(),
                        true,
                        4,
                        1e-4,
                        Activation.GELU,
                        true,
                        0,
                        5,
                        1,
                        100,
                        false,
                        1,
                        1280,
                        256));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "center_input_sample|true",
                "only_cross_attention|true",
                "only_cross_attention|[true,true]",
                "mid_block_only_cross_attention|true",
                "dual_cross_attention|true",
                "encoder_hid_dim|768",
                "encoder_hid_dim_type|\"text_proj\"",
                "class_embed_type|\"timestep\"",
                "num_class_embeds|1000",
                "class_embeddings_concat|true",
                "projection_class_embeddings_input_dim|2816",
                "addition_embed_type|\"text_time\"",
                "addition_time_embed_dim|256",
                "time_embedding_act_fn|\"silu\"",
                "timestep_post_act|\"silu\"",
                "cross_attention_norm|\"layer_norm\"",
                "num_attention_heads|8",
                "reverse_transformer_layers_per_block|[[1,1],[2,2]]",
                "resnet_skip_time_act|true",
                "a_key_of_the_future|[1]"
            })
    void refusesByNameWhatItsNetworkDoesNotDo(String key, String value) {
        assertThatThrownBy(() -> two("'%s': %s".formatted(key, value)))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets %s=%s, which is not supported", key, value);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "_class_name|\"UNet2DModel\"|UNet2DConditionModel",
                "mid_block_type|\"UNetMidBlock2DSimpleCrossAttn\"|UNetMidBlock2DCrossAttn",
                "mid_block_scale_factor|2|1",
                "mid_block_scale_factor|\"1\"|1",
                "resnet_time_scale_shift|\"scale_shift\"|default",
                "resnet_out_scale_factor|1.41|1",
                "time_embedding_type|\"fourier\"|positional",
                "attention_type|\"gated\"|default"
            })
    void refusesOtherKindsByName(String key, String value, String supported) {
        assertThatThrownBy(() -> two("'%s': %s".formatted(key, value)))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets %s=%s; only %s is supported", key, value, supported);
    }

    @Test
    void goesWithoutAMidBlockWhereItsTypeIsNull() {
        assertThat(two("'mid_block_type': null").midBlock()).isFalse();
        assertThat(two("'mid_block_type': 'UNetMidBlock2DCrossAttn'").midBlock())
                .isTrue();
    }

    @Test
    void refusesNullGroupsWhichMeanNoNormAtTheEnd() {
        assertThatThrownBy(() -> two("'norm_num_groups': null"))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json sets norm_num_groups=null, which is not supported");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'layers_per_block': [2]|layers_per_block must be a whole number from 1 to 32 or a list of 2 of them, but was [2]",
                "'layers_per_block': 1000000000|layers_per_block must be a whole number from 1 to 32 or a list of 2 of them, but was 1000000000",
                "'transformer_layers_per_block': [1, 999]|transformer_layers_per_block must be a whole number from 1 to 32 or a list of 2 of them, but was [1,999]",
                "'transformer_layers_per_block': [1, [2, 2]]|transformer_layers_per_block must be a whole number from 1 to 32 or a list of 2 of them, but was [1,[2,2]]",
                "'attention_head_dim': [1, 2, 4]|attention_head_dim must be a whole number from 1 to 65536 or a list of 2 of them, but was [1,2,4]",
                "'attention_head_dim': 33|attention_head_dim must be at most the 32 channels of its block (it is the number of heads), but was 33",
                "'cross_attention_dim': [768, 1024]|cross_attention_dim must be the same for every block, but was [768,1024]",
                "'cross_attention_dim': 2147483648|cross_attention_dim must be a whole number from 1 to 65536 or a list of 2 of them, but was 2147483648",
                "'norm_num_groups': 5|block_out_channels must be multiples of norm_num_groups=5, but was [32,64]",
                "'norm_num_groups': 0|norm_num_groups must be a whole number from 1 to 65536, but was 0",
                "'norm_eps': 0|norm_eps must be a number from 1.0E-12 to 0.1, but was 0",
                "'norm_eps': '1e-5'|norm_eps must be a number from 1.0E-12 to 0.1, but was \"1e-5\"",
                "'conv_in_kernel': 4|conv_in_kernel must be odd, but was 4",
                "'conv_out_kernel': 2|conv_out_kernel must be odd, but was 2",
                "'conv_in_kernel': 2147483647|conv_in_kernel must be a whole number from 1 to 31, but was 2147483647",
                "'downsample_padding': 2|downsample_padding must be a number from 0.0 to 1.0, but was 2",
                "'downsample_padding': 0.5|downsample_padding must be 0 or 1, but was 0.5",
                "'act_fn': 'quick_gelu'|act_fn must be one of silu, swish, gelu, mish, relu, but was \"quick_gelu\"",
                "'act_fn': 7|act_fn must be a string, but was 7",
                "'sample_size': 0|sample_size must be a whole number from 1 to 2048 or a list of 2 of them, but was 0",
                "'sample_size': [64]|sample_size must be a whole number from 1 to 2048 or a list of 2 of them, but was [64]",
                "'sample_size': 2147483647|sample_size must be a whole number from 1 to 2048 or a list of 2 of them, but was 2147483647",
                "'in_channels': '4'|in_channels must be a whole number from 1 to 65536, but was \"4\"",
                "'in_channels': 4.0|in_channels must be a whole number from 1 to 65536, but was 4.0",
                "'out_channels': -4|out_channels must be a whole number from 1 to 65536, but was -4",
                "'time_embedding_dim': 2147483647|time_embedding_dim must be a whole number from 1 to 262144, but was 2147483647",
                "'time_cond_proj_dim': 2147483647|time_cond_proj_dim must be a whole number from 1 to 65536, but was 2147483647",
                "'time_cond_proj_dim': 2|time_cond_proj_dim must be 4 or more, but was 2",
                "'freq_shift': 16|freq_shift must be less than half of the 32 channels that the timestep is embedded in, but was 16",
                "'freq_shift': 1e999|freq_shift must be a number from -65536.0 to 65536.0, but was \"Infinity\"",
                "'use_linear_projection': 'true'|use_linear_projection must be true or false, but was \"true\"",
                "'flip_sin_to_cos': 1|flip_sin_to_cos must be true or false, but was 1"
            })
    void refusesValuesThatMakeNoNetwork(String json, String message) {
        assertThatThrownBy(() -> two(json)).isInstanceOf(ModelException.class).hasMessage("config.json: " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'block_out_channels': []|block_out_channels must be a list of 1 to 8 whole numbers from 1 to 65536, but was []",
                "'block_out_channels': 320|block_out_channels must be a list of 1 to 8 whole numbers from 1 to 65536, but was 320",
                "'block_out_channels': [2147483647]|block_out_channels must be a list of 1 to 8 whole numbers from 1 to 65536, but was [2147483647]",
                "'block_out_channels': [32,32,32,32,32,32,32,32,32]|block_out_channels must be a list of 1 to 8 whole numbers from 1 to 65536, but was [32,32,32,32,32,32,32,32,32]",
                "'block_out_channels': [32, 64]|down_block_types must be a list of 2, each CrossAttnDownBlock2D or DownBlock2D, but was absent",
                "'down_block_types': ['DownBlock2D']|down_block_types must be a list of 4, each CrossAttnDownBlock2D or DownBlock2D, but was [\"DownBlock2D\"]",
                "'up_block_types': ['UpBlock2D', 'UpBlock2D', 'UpBlock2D', 'AttnUpBlock2D']|up_block_types must be a list of 4, each CrossAttnUpBlock2D or UpBlock2D, but was [\"UpBlock2D\",\"UpBlock2D\",\"UpBlock2D\",\"AttnUpBlock2D\"]",
                "'up_block_types': 'UpBlock2D'|up_block_types must be a list of strings, but was \"UpBlock2D\""
            })
    void refusesBlocksThatItCannotBuild(String json, String message) {
        assertThatThrownBy(() -> UNetConfig.of(Json.of("{" + json + "}")))
                .isInstanceOf(ModelException.class)
                .hasMessage("config.json: " + message);
    }

    @Test
    void theLargestNetworkThatIsAllowedIsDescribed() {
        String eight = "'%1$s', '%1$s', '%1$s', '%1$s', '%1$s', '%1$s', '%1$s', '%1$s'";
        UNetConfig config = UNetConfig.of(Json.of(("{'block_out_channels': [65536, 65536, 65536, 65536, 65536, 65536,"
                        + " 65536, 65536], 'layers_per_block': 32, 'down_block_types': [%s], 'up_block_types': [%s]}")
                .formatted(eight.formatted("CrossAttnDownBlock2D"), eight.formatted("CrossAttnUpBlock2D"))));

        assertThat(config.timeEmbeddingChannels()).isEqualTo(4 * 65536);
        assertThat(new UNet2DConditionModel(config).weights()).hasSizeGreaterThan(10_000);
    }

    private static UNetConfig two(String json) {
        return UNetConfig.of(Json.of("{" + TWO + ", " + json + "}"));
    }
}
