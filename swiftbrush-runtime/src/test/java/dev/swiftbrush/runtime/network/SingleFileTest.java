package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.Json;
import dev.swiftbrush.runtime.network.SingleFiles.Content;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Single files against the folders that they were made of, by names that diffusers' own conversions confirmed. */
class SingleFileTest {
    private static final Path FULL = Path.of("full.safetensors").toAbsolutePath();

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2"})
    void holdsTheNetworksOfTheFolderThatItWasMadeOf(String name) {
        Checkpoint folder = tiny(name);
        Checkpoint file = open(name, contents -> contents).checkpoint();

        assertThat(file.clip().model()).isEqualTo(folder.clip().model());
        assertThat(file.unet()).isEqualTo(folder.unet());
        assertThat(file.autoencoder()).isEqualTo(folder.autoencoder());
        assertSameBytes(file.clip().weights(), folder.clip().weights());
        assertSameBytes(file.unetWeights(), folder.unetWeights());
        assertSameBytes(file.vaeWeights(), folder.vaeWeights());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2"})
    void leavesAllWeightsInTheFile(String name) {
        SingleFile opened = open(name, contents -> contents);

        assertThat(opened.checkpoint().unetWeights().files()).containsExactly(opened.file());
        assertThat(opened.checkpoint().unetWeights().tensors().values())
                .allSatisfy(tensor -> assertThat(tensor.file()).isEqualTo(opened.file()));
        assertThat(opened.checkpoint().folder()).isEqualTo(temp.toAbsolutePath());
    }

    @Test
    void queriesKeysAndValuesAreThirdsOfOneTensor() {
        SingleFile opened = open("sd2", contents -> contents);

        Map<String, StoredTensor> text = opened.checkpoint().clip().weights().tensors();
        String attention = "text_model.encoder.layers.1.self_attn.";
        StoredTensor query = text.get(attention + "q_proj.weight");
        assertThat(query.name()).isEqualTo("cond_stage_model.model.transformer.resblocks.1.attn.in_proj_weight");
        assertThat(query.shape()).containsExactly(18L, 18L);
        assertThat(text.get(attention + "k_proj.weight").offset()).isEqualTo(query.offset() + 18 * 18 * 4);
        assertThat(text.get(attention + "v_proj.weight").offset()).isEqualTo(query.offset() + 2 * 18 * 18 * 4);
        assertThat(text.get(attention + "v_proj.bias").shape()).containsExactly(18L);
    }

    @ParameterizedTest
    @CsvSource({"sd1, <|endoftext|>", "sd2, !"})
    void knowsWhatItsFamilyFillsPromptsUpWith(String name, String pad) {
        assertThat(open(name, contents -> contents).padToken()).isEqualTo(pad);
    }

    @Test
    void theLastLayerOfOpenClipMayBeMissing() {
        SingleFile opened = open("sd2", contents -> {
            contents.keySet().removeIf(name -> name.contains("resblocks.3.") || name.endsWith("text_projection"));
            return contents;
        });

        assertThat(opened.checkpoint().clip().model().config().layers()).isEqualTo(3);
    }

    @Test
    void recognisesStableDiffusion15AsPublished() {
        SingleFile opened = full("full-sd1", Map.of());

        assertThat(opened.checkpoint().unet().config()).isEqualTo(unet("""
                        {'sample_size': 64, 'attention_head_dim': 8, 'cross_attention_dim': 768}"""));
        assertThat(opened.checkpoint().clip().model().config()).isEqualTo(ClipTextConfig.of(Json.of("""
                        {'hidden_size': 768, 'intermediate_size': 3072, 'num_attention_heads': 12, 'num_hidden_layers': 12,
                         'hidden_act': 'quick_gelu'}""")));
        assertThat(opened.checkpoint().autoencoder().config()).isEqualTo(autoencoder());
    }

    @Test
    void recognisesStableDiffusion21BaseAsPublished() {
        SingleFile opened = full("full-sd2", Map.of());

        assertThat(opened.predictsV()).isFalse();
        assertThat(opened.checkpoint().unet().config()).isEqualTo(unet("""
                        {'sample_size': 64, 'attention_head_dim': [5, 10, 20, 20], 'cross_attention_dim': 1024,
                         'use_linear_projection': true}"""));
        assertThat(opened.checkpoint().clip().model().config()).isEqualTo(ClipTextConfig.of(Json.of("""
                        {'hidden_size': 1024, 'intermediate_size': 4096, 'num_attention_heads': 16,
                         'num_hidden_layers': 23, 'hidden_act': 'gelu'}""")));
        assertThat(opened.checkpoint().autoencoder().config()).isEqualTo(autoencoder());
    }

    @ParameterizedTest
    @CsvSource({
        "modelspec.architecture, stable-diffusion-v2-768-v",
        "modelspec.prediction_type, v",
        "modelspec.predict_key, v",
        "modelspec.prediction_type, v_prediction"
    })
    void metadataTellAModelThatPredictsVelocities(String key, String value) {
        SingleFile opened = full("full-sd2", Map.of(key, value));

        assertThat(opened.predictsV()).isTrue();
        assertThat(opened.checkpoint().unet().config().sampleSize()).containsExactly(96, 96);
    }

    @Test
    void anEmptyTensorMarksAModelThatPredictsVelocitiesToo() {
        assertThat(with("sd1", "v_pred", 0L).predictsV()).isTrue();
        assertThat(open("sd1", contents -> contents).predictsV()).isFalse();
    }

    @Test
    void theLicenceIsInTheMetadata() {
        assertThat(full("full-sd1", Map.of("modelspec.license", "CreativeML Open RAIL-M"))
                        .licence())
                .contains("CreativeML Open RAIL-M");
        assertThat(full("full-sd1", Map.of("modelspec.license", " ")).licence()).isEmpty();
        assertThat(full("full-sd1", Map.of()).licence()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        lora_unet_down_blocks_0.lora_down.weight      | adapters (LoRA) without the model that they belong to
        unet.down_blocks.0.to_q.lora.down.weight      | adapters (LoRA) without the model that they belong to
        conditioner.embedders.0.transformer.x.weight  | Stable Diffusion XL
        model.diffusion_model.joint_blocks.0.x.weight | Stable Diffusion 3
        double_blocks.0.img_attn.norm.key_norm.scale  | Flux
        control_model.time_embed.0.weight             | a ControlNet
        model.diffusion_model.label_emb.0.0.weight    | a model that is told a class or an image (unCLIP, an upscaler)
        down_blocks.0.resnets.0.conv1.weight          | one network of a model in diffusers layout
        encoder.down_blocks.0.resnets.0.conv1.weight  | one network of a model in diffusers layout
        text_model.final_layer_norm.weight            | one network of a model in diffusers layout
        """)
    void otherKindsOfFilesAreRefusedByName(String tensor, String kind) {
        assertThatThrownBy(() -> with("sd1", tensor, 1L))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s holds %s; a single file must be a whole checkpoint of Stable Diffusion 1.x or 2.x",
                        path(), kind);
    }

    @Test
    void anInpaintingModelIsRefusedByItsChannels() {
        assertThatThrownBy(() -> open("sd1", contents -> {
                    Content in = contents.get("model.diffusion_model.input_blocks.0.0.weight");
                    contents.put(
                            "model.diffusion_model.input_blocks.0.0.weight",
                            new Content(
                                    in.type(),
                                    List.of(8L, 9L, 3L, 3L),
                                    new byte[8 * 9 * 9 * in.type().bytes()]));
                    return contents;
                }))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s: the UNet takes 9 channels and gives 4, but the autoencoder's latents have 4; inpainting and image-to-image models are not supported",
                        path());
    }

    @ParameterizedTest
    @CsvSource({
        "model.diffusion_model., UNet, model.diffusion_model.",
        "first_stage_model., autoencoder, first_stage_model.",
        "cond_stage_model., text encoder, cond_stage_model.transformer."
    })
    void aFileWithoutOneOfTheNetworksIsRefused(String prefix, String network, String wanted) {
        assertThatThrownBy(() -> open("sd1", contents -> {
                    contents.keySet().removeIf(name -> name.startsWith(prefix));
                    return contents;
                }))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s has no %s (%s*); a single file must be a whole checkpoint of Stable Diffusion 1.x or 2.x",
                        path(), network, wanted);
    }

    @Test
    void aScheduleWithoutSignalIsRefused() {
        assertThatThrownBy(() -> with("sd1", "ztsnr", 0L))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s was trained on a schedule that ends without signal (ztsnr), which is not supported",
                        path());
    }

    @Test
    void aTensorThatIsMissingIsNamed() {
        assertThatThrownBy(() -> open("sd1", contents -> {
                    contents.remove("model.diffusion_model.middle_block.2.out_layers.3.bias");
                    return contents;
                }))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The UNet in %s is not that of Stable Diffusion 1.x: 1 missing (mid_block.resnets.1.conv2.bias [12])",
                        path());
    }

    @Test
    void aTensorThatTellsASizeIsMissed() {
        assertThatThrownBy(() -> open("sd1", contents -> {
                    contents.remove("first_stage_model.encoder.down.1.block.0.conv1.weight");
                    return contents;
                }))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s has no tensor 'first_stage_model.encoder.down.1.block.0.conv1.weight', which tells the size of its autoencoder",
                        path());
    }

    @Test
    void aTensorOfANetworkThatNothingReadsIsRefused() {
        assertThatThrownBy(() -> with("sd1", "model.diffusion_model.middle_block.1.extra.weight", 1L))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The UNet in %s is not that of Stable Diffusion 1.x: 1 unused ('mid_block.attentions.0.extra.weight')",
                        path());
    }

    @Test
    void channelsThatTheGroupsDoNotDivideAreRefused() {
        Path file = write("sd1", contents -> contents);

        assertThatThrownBy(() -> SingleFile.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s: a level of the UNet has 8 channels, which the 32 groups of Stable Diffusion 1.x do not divide",
                        path());
    }

    private Path path() {
        return temp.resolve("model.safetensors").toAbsolutePath();
    }

    private SingleFile with(String name, String tensor, long size) {
        return open(name, contents -> {
            contents.put(tensor, new Content(DType.F32, List.of(size), new byte[(int) (4 * size)]));
            return contents;
        });
    }

    private SingleFile open(String name, UnaryOperator<Map<String, Content>> change) {
        return SingleFile.open(write(name, change), SingleFiles.TINY_SD1, SingleFiles.TINY_SD2);
    }

    private Path write(String name, UnaryOperator<Map<String, Content>> change) {
        Map<String, Content> contents = SingleFiles.contents(tiny(name), name);
        SingleFiles.addSurplus(contents);
        if (name.equals("sd2")) {
            SingleFiles.addLayerOfOpenClip(contents, 3);
        }
        SingleFiles.write(path(), change.apply(contents), Map.of("format", "pt"));
        return path();
    }

    private static Checkpoint tiny(String name) {
        return Checkpoint.open(Path.of("src/test/resources/reference", name).toAbsolutePath(), false);
    }

    /** A file of full size, of which there is only the header. */
    private static SingleFile full(String name, Map<String, String> metadata) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        long offset = 0;
        for (SingleFiles.Row row : SingleFiles.rows(name)) {
            long bytes = 2 * row.shape().stream().reduce(1L, Math::multiplyExact);
            tensors.put(row.name(), new StoredTensor(row.name(), DType.F16, row.shape(), FULL, offset, bytes));
            offset += bytes;
        }
        return SingleFile.of(FULL, tensors, metadata, LdmFamily.SD1, LdmFamily.SD2);
    }

    private static UNetConfig unet(String json) {
        return UNetConfig.of(Json.of(json));
    }

    private static AutoencoderConfig autoencoder() {
        String four = "['%1$s', '%1$s', '%1$s', '%1$s']";
        return AutoencoderConfig.of(Json.of(
                "{'block_out_channels': [128, 256, 512, 512], 'layers_per_block': 2, 'down_block_types': %s, 'up_block_types': %s}"
                        .formatted(four.formatted("DownEncoderBlock2D"), four.formatted("UpDecoderBlock2D"))));
    }

    private static void assertSameBytes(Checkpoint.Component actual, Checkpoint.Component expected) {
        assertThat(actual.tensors().keySet()).isEqualTo(expected.tensors().keySet());
        try (MappedWeights mapped = new MappedWeights()) {
            List<String> names = new ArrayList<>(expected.tensors().keySet());
            for (String name : names) {
                StoredTensor here = actual.tensors().get(name);
                StoredTensor there = expected.tensors().get(name);
                assertThat(here.dtype()).as(name).isEqualTo(there.dtype());
                assertThat(here.shape()).as(name).isEqualTo(there.shape());
                assertThat(SingleFiles.bytes(mapped, here)).as(name).isEqualTo(SingleFiles.bytes(mapped, there));
            }
        }
    }
}
