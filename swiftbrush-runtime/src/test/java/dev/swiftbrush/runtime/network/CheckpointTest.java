package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.TinyCheckpoint.Content;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    private static final String UNET = "unet/diffusion_pytorch_model.safetensors";
    private static final String VAE = "vae/diffusion_pytorch_model.safetensors";
    private static final String TEXT = "text_encoder/model.safetensors";

    @TempDir
    Path temp;

    private TinyCheckpoint tiny;

    @BeforeEach
    void copy() {
        tiny = TinyCheckpoint.copy("sd2", temp.resolve("model"));
    }

    @Test
    void opensThreeNetworksAndTheirWeights() {
        Checkpoint checkpoint = tiny.open();

        assertThat(checkpoint.folder()).isEqualTo(tiny.folder());
        assertThat(checkpoint.unet().config().levels()).hasSize(4);
        assertThat(checkpoint.autoencoder().config().scale()).isEqualTo(4);
        assertThat(checkpoint.clip().model().config().layers()).isEqualTo(3);
        assertThat(checkpoint.unetWeights().tensors().keySet())
                .isEqualTo(checkpoint.unet().weights().keySet());
        assertThat(checkpoint.vaeWeights().files()).containsExactly(tiny.file("vae/config.json"), tiny.file(VAE));
    }

    @Test
    void refusesWhatIsNotAFolder() {
        Path nowhere = temp.resolve("nowhere");

        assertThatThrownBy(() -> Checkpoint.open(nowhere, false))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s is not a folder", nowhere);
    }

    @Test
    void refusesAFolderThatIsNotInDiffusersLayout() throws IOException {
        Files.delete(tiny.file("model_index.json"));

        assertFault("%s has no model_index.json; a checkpoint in diffusers layout was expected", tiny.folder());
    }

    @ParameterizedTest
    @ValueSource(strings = {"unet/config.json", "vae/config.json", "text_encoder/config.json"})
    void refusesACheckpointWithoutAConfiguration(String file) throws IOException {
        Files.delete(tiny.file(file));

        assertFault("%s does not exist", tiny.file(file));
    }

    @Test
    void refusesACheckpointWithoutWeights() throws IOException {
        Files.delete(tiny.file(UNET));

        assertFault(
                "no weights in %s; looked for diffusion_pytorch_model.safetensors,"
                        + " diffusion_pytorch_model.safetensors.index.json, diffusion_pytorch_model.fp16.safetensors,"
                        + " diffusion_pytorch_model.safetensors.index.fp16.json",
                tiny.file("unet"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'text_encoder_2': ['transformers', 'CLIPTextModelWithProjection']|two text encoders (Stable Diffusion XL)",
                "'text_encoder_2': ['t', 'X'], 'text_encoder_3': ['t', 'T5EncoderModel'], 'transformer': ['d', 'SD3Transformer2DModel']|three text encoders (Stable Diffusion 3)",
                "'text_encoder_2': ['t', 'T5EncoderModel'], 'transformer': ['d', 'FluxTransformer2DModel']|a transformer instead of a UNet",
                "'prior': ['diffusers', 'PriorTransformer']|a prior (Kandinsky, unCLIP)",
                "'controlnet': ['diffusers', 'ControlNetModel']|a ControlNet"
            })
    void refusesOtherFamiliesByName(String json, String family) {
        tiny.with("model_index.json", "{" + json + "}");

        assertFault(
                "%s describes a model with %s; only Stable Diffusion 1.x and 2.x are supported",
                tiny.file("model_index.json"), family);
    }

    @Test
    void aComponentThatIsNullIsNotThere() {
        tiny.with("model_index.json", "{'text_encoder_2': [null, null], 'controlnet': null}");

        assertThat(tiny.open().unet()).isNotNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'unet': ['diffusers', 'UNetSpatioTemporalConditionModel']|unet must be of the class UNet2DConditionModel, but was [\"diffusers\",\"UNetSpatioTemporalConditionModel\"]",
                "'vae': ['diffusers', 'AutoencoderDC']|vae must be of the class AutoencoderKL or AutoencoderTiny, but was [\"diffusers\",\"AutoencoderDC\"]",
                "'text_encoder': ['transformers', 'T5EncoderModel']|text_encoder must be of the class CLIPTextModel or CLIPTextModelWithProjection or OnnxTextEncoder, but was [\"transformers\",\"T5EncoderModel\"]",
                "'tokenizer': null|tokenizer must be of the class CLIPTokenizer or CLIPTokenizerFast, but was null",
                "'unet': 'UNet2DConditionModel'|unet must be of the class UNet2DConditionModel, but was \"UNet2DConditionModel\""
            })
    void refusesOtherClassesByName(String json, String message) {
        tiny.with("model_index.json", "{" + json + "}");

        assertFault("%s: %s", tiny.file("model_index.json"), message);
    }

    @Test
    void refusesAnInpaintingModel() {
        tiny.with("unet/config.json", "{'in_channels': 9}");

        assertFault(
                "%s: the UNet takes 9 channels and gives 4, but the autoencoder's latents have 4; inpainting and image-to-image models are not supported",
                tiny.folder());
    }

    @Test
    void refusesAUnetOfAnotherTextEncoder() {
        tiny.with("unet/config.json", "{'cross_attention_dim': 768}");

        assertFault(
                "%s: the UNet attends to hidden states 768 wide, but the text encoder's are 18 wide", tiny.folder());
    }

    @Test
    void refusesAnAutoencoderOfOtherThanRgb() {
        tiny.with("vae/config.json", "{'out_channels': 4}");

        assertFault("%s: the autoencoder gives 4 channels, but RGB has 3", tiny.folder());
    }

    @Test
    void refusesAConfigurationThatWouldTakeForever() {
        tiny.with("text_encoder/config.json", "{'num_hidden_layers': 2000000000}");

        assertFault(
                "%s: num_hidden_layers must be a whole number from 1 to 256, but was 2000000000",
                tiny.file("text_encoder/config.json"));
    }

    @Test
    void saysAllThatIsWrongWithTheWeightsAtOnce() {
        tiny.withWeights(UNET, weights -> {
            weights.remove("conv_in.bias");
            weights.put("conv_out.bias", zeros(DType.F32, 5));
            weights.put("conv_norm_out.bias", zeros(DType.I64, 8));
            weights.put("extra", zeros(DType.F32, 1));
        });

        assertFault(
                "The weights in %s are not those of its config.json: 1 missing (conv_in.bias [8]);"
                        + " 1 misshapen (conv_out.bias is [5], not [4]);"
                        + " 1 not of floating point (conv_norm_out.bias is I64); 1 unused ('extra')",
                tiny.file("unet"));
    }

    @Test
    void weightsOfAnotherConfigurationAreListedInShort() {
        tiny.with("text_encoder/config.json", "{'num_hidden_layers': 2}");

        assertThatThrownBy(tiny::open)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("The weights in %s are not those of its config.json: 16 unused ("
                        .formatted(tiny.file("text_encoder")))
                .hasMessageContaining("'text_model.encoder.layers.2.layer_norm1.bias', ")
                .hasMessageEndingWith(" and 8 more)");
    }

    @Test
    void textEncodersMayLackThePrefix() {
        Set<String> names = new TreeSet<>(tiny.open().clip().weights().tensors().keySet());
        tiny.withWeights(TEXT, weights -> rename(weights, "text_model.", ""));

        Map<String, ?> tensors = tiny.open().clip().weights().tensors();

        assertThat(names).contains("text_model.final_layer_norm.bias");
        assertThat(new TreeSet<>(tensors.keySet())).isEqualTo(names);
    }

    @Test
    void whatStandsBehindTheHiddenStatesIsLeftOut() {
        tiny.withWeights(TEXT, weights -> {
            weights.put("text_projection.weight", zeros(DType.F32, 18, 18));
            weights.put("logit_scale", zeros(DType.F32));
            weights.put("embeddings.position_ids", zeros(DType.I64, 1, 77));
        });

        assertThat(tiny.open().clip().weights().tensors())
                .allSatisfy((name, tensor) -> assertThat(name).startsWith("text_model."));
    }

    @Test
    void oldAutoencodersKeepTheirAttentionAsConvolutionsOfOtherNames() {
        tiny.withWeights(VAE, weights -> {
            assertThat(weights).containsKey("decoder.mid_block.attentions.0.proj_attn.weight");
            for (String layer : List.of("query", "key", "value", "proj_attn")) {
                weights.computeIfPresent(
                        "decoder.mid_block.attentions.0." + layer + ".weight",
                        (name, content) -> new Content(content.type(), List.of(8L, 8L, 1L, 1L), content.bytes()));
            }
        });

        Checkpoint checkpoint = tiny.open();

        assertThat(checkpoint.vaeWeights().tensors().get("decoder.mid_block.attentions.0.to_out.0.weight"))
                .satisfies(tensor ->
                        assertThat(tensor.name()).isEqualTo("decoder.mid_block.attentions.0.proj_attn.weight"))
                .satisfies(tensor -> assertThat(tensor.shape()).containsExactly(8L, 8L));
        assertThat(checkpoint.vaeWeights().tensors()).doesNotContainKey("decoder.mid_block.attentions.0.query.weight");
    }

    @Test
    void newAutoencodersNameTheirAttentionAsTheNetworkDoes() {
        tiny.withWeights(VAE, weights -> {
            rename(weights, ".query.", ".to_q.");
            rename(weights, ".key.", ".to_k.");
            rename(weights, ".value.", ".to_v.");
            rename(weights, ".proj_attn.", ".to_out.0.");
        });

        assertThat(tiny.open().vaeWeights().tensors()).containsKey("encoder.mid_block.attentions.0.to_out.0.bias");
    }

    @Test
    void aWeightUnderTwoNamesIsRefused() {
        tiny.withWeights(
                VAE,
                weights -> weights.put(
                        "encoder.mid_block.attentions.0.to_q.bias",
                        weights.get("encoder.mid_block.attentions.0.query.bias")));

        assertFault(
                "%s holds the weight encoder.mid_block.attentions.0.to_q.bias twice,"
                        + " as encoder.mid_block.attentions.0.query.bias and as encoder.mid_block.attentions.0.to_q.bias;"
                        + " which one is meant is unknown",
                tiny.file(VAE));
    }

    private void assertFault(String message, Object... arguments) {
        assertThatThrownBy(tiny::open).isInstanceOf(ModelException.class).hasMessage(message, arguments);
    }

    private static void rename(Map<String, Content> weights, String from, String to) {
        for (String name : List.copyOf(weights.keySet())) {
            weights.put(name.replace(from, to), weights.remove(name));
        }
    }

    private static Content zeros(DType type, long... sizes) {
        List<Long> shape = LongStream.of(sizes).boxed().toList();
        int elements = shape.stream().mapToInt(Long::intValue).reduce(1, Math::multiplyExact);
        return new Content(type, shape, new byte[elements * type.bytes()]);
    }
}
