package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import dev.swiftbrush.Device;
import dev.swiftbrush.DeviceException;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.ModelInfo;
import dev.swiftbrush.Precision;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.export.OnnxPipeline;
import dev.swiftbrush.runtime.pipeline.Networks;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.reference.OnnxFolders;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A folder of ONNX files, and what is said when it cannot be opened or drawn with. */
@Timeout(120)
class OnnxFolderTest {
    private static final String TEXT = OnnxPipeline.TEXT_ENCODER;
    private static final String UNET = OnnxPipeline.UNET;
    private static final String DECODER = OnnxPipeline.VAE_DECODER;
    private static final GenerationRequest CAT = GenerationRequest.of("a cat").withSeed(3);

    @TempDir
    Path temp;

    private Path folder;

    @BeforeEach
    void unpack() {
        folder = OnnxFolders.unpack("lcm", temp.resolve("lcm"));
    }

    private SwiftBrush.Builder builder() {
        return SwiftBrush.builder()
                .model(folder)
                .device(Device.cpu())
                .warmUp(false)
                .cacheDirectory(temp.resolve("cache"));
    }

    private byte[] draw() {
        try (SwiftBrush brush = builder().build()) {
            return brush.generate(CAT).rgb();
        }
    }

    private void assertRefused(String message, Object... args) {
        assertThatThrownBy(() -> builder().build())
                .isInstanceOf(ModelException.class)
                .hasMessage(message, args);
    }

    @Test
    void saysWhatWasOpened() {
        try (SwiftBrush brush = builder().build()) {
            assertThat(brush.model())
                    .isEqualTo(new ModelInfo(
                            "lcm",
                            "lcm", // by its scheduler
                            "cpu",
                            "FP32",
                            new ImageSize(48, 48),
                            8,
                            77,
                            Licence.UNKNOWN,
                            brush.model().fingerprint()));
            assertThat(brush.model().fingerprint().parts().keySet())
                    .containsExactly(
                            "recipe",
                            TEXT.replace("model.onnx", "config.json"),
                            TEXT,
                            "tokenizer/merges.txt",
                            "tokenizer/special_tokens_map.json",
                            "tokenizer/tokenizer_config.json",
                            "tokenizer/vocab.json",
                            UNET.replace("model.onnx", "config.json"),
                            UNET,
                            DECODER.replace("model.onnx", "config.json"),
                            DECODER);
        }
    }

    @Test
    void withoutConfigurationsTheGraphsAreAsked() {
        folder = OnnxFolders.unpack("sd1", temp.resolve("sd1"));
        try (SwiftBrush brush = builder().recipe("swiftbrush").build()) {
            assertThat(brush.model().defaultSize()).isEqualTo(new ImageSize(512, 512)); // as diffusers' pipeline has it
            assertThat(brush.model().sizeMultiple()).isEqualTo(32);
            assertThat(brush.model().fingerprint().parts()).containsKeys(UNET, "unet/weights.pb");
        }
    }

    @Test
    void safetensorsBesideItAreTakenRather() throws IOException {
        Files.createFile(folder.resolve("unet/diffusion_pytorch_model.safetensors"));
        assertThat(OnnxFolder.isAt(folder)).isFalse();
    }

    @Test
    void weightsBehindTheLinksOfAHubsCacheAreFound() throws IOException {
        Path sd1 = OnnxFolders.unpack("sd1", temp.resolve("sd1"));
        byte[] expected;
        folder = sd1;
        GenerationRequest small = CAT.withSize(32, 32);
        try (SwiftBrush brush = builder().recipe("swiftbrush").build()) {
            expected = brush.generate(small).rgb();
        }

        folder = temp.resolve("snapshots/0123");
        Path blobs = Files.createDirectories(temp.resolve("blobs"));
        try (Stream<Path> files = Files.walk(sd1)) {
            int number = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path blob = Files.copy(file, blobs.resolve("blob" + number++));
                Path link = folder.resolve(sd1.relativize(file).toString());
                Files.createDirectories(link.getParent());
                Files.createSymbolicLink(link, link.getParent().relativize(blob));
            }
        }
        try (SwiftBrush brush = builder().recipe("swiftbrush").build()) {
            assertThat(brush.generate(small).rgb()).isEqualTo(expected);
        }
    }

    @Test
    void aBatchIsDrawnAtOnce() throws IOException {
        requireBatch(1);
    }

    @Test
    void aBatchIsDrawnOneByOneIfTheExportTakesNoOther() throws IOException {
        OnnxFolders.fix(folder.resolve(UNET), "sample", 0, 1);
        OnnxFolders.fix(folder.resolve(TEXT), "input_ids", 0, 1);
        requireBatch(1);
    }

    @Test
    void aBatchIsDrawnByThreeNetworksToo() throws IOException {
        setOperators(DECODER, 17);
        assertThat(OnnxPipeline.read(folder).apart()).contains("the UNet uses operator set 18, but the decoder 17");
        requireBatch(2);
    }

    private void setOperators(String file, long version) {
        OnnxFolders.edit(
                folder.resolve(file), model -> model.getOpsetImportBuilder(0).setVersion(version));
    }

    /** Two images at once, from the golden's token ids and noise to its pixels. */
    private void requireBatch(int generatorSessions) throws IOException {
        Reference.Case golden = Reference.of(Reference.folder("lcm")).cases().get(0);
        OneStep recipe = new DiffusersFolder(folder).resolve(Recipes.preset("lcm"));
        OnDevice model = OnnxFolder.load(folder)
                .on(ComputeDevice.of(Device.cpu()), Precision.AUTO, recipe, 77, new GraphCache(temp.resolve("cache")));
        HostTensor states = HostTensor.allocate(DType.F32, golden.sizes("encoder_hidden_states"));
        HostTensor pixels = HostTensor.allocate(DType.U8, golden.sizes("pixels"));
        try (Networks networks = model.open()) {
            assertThat(((OnnxFolderNetworks) networks).generator()).hasSize(generatorSessions);
            networks.encode(tensor(golden, DType.I64, "token_ids"), states, new Cancellation());
            networks.generate(tensor(golden, DType.F32, "noise"), states, pixels, new Cancellation());
        }
        ByteBuffer expected = golden.bytes("pixels");
        assertThat(pixels.sizes()[0]).isEqualTo(2);
        while (expected.hasRemaining()) {
            assertThat(pixels.data().get() & 0xFF).isCloseTo(expected.get() & 0xFF, within1());
        }
    }

    private static Offset<Integer> within1() {
        return Offset.offset(1); // as in OnnxPictureTest
    }

    private static HostTensor tensor(Reference.Case golden, DType type, String name) {
        HostTensor tensor = HostTensor.allocate(type, golden.sizes(name));
        tensor.data().put(golden.bytes(name)).flip();
        return tensor;
    }

    @Test
    void anExportOfOneSizeDrawsThatAlone() {
        byte[] expected = draw();
        for (int axis : List.of(2, 3)) {
            OnnxFolders.fix(folder.resolve(UNET), "sample", axis, 12);
        }
        OnnxFolders.fix(folder.resolve(DECODER), "latent_sample", 2, 12);
        OnnxFolders.fix(folder.resolve(DECODER), "latent_sample", 3, 12);

        try (SwiftBrush brush = builder().build()) {
            assertThat(brush.generate(CAT).rgb()).isEqualTo(expected);
            assertThat(brush.generate(CAT.withSize(48, 48)).rgb()).isEqualTo(expected);
            assertThatThrownBy(() -> brush.generate(CAT.withSize(48, 56)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "the model was exported for images of 48x48 alone, but 48x56 was asked for; leave the size out, or export the model with dynamic axes");
        }
    }

    @Test
    void anExportOfHalfASizeIsRefused() {
        OnnxFolders.fix(folder.resolve(UNET), "sample", 2, 12);
        assertRefused(
                "%s: the ONNX files fix the height of images and leave the width open; export both with dynamic axes, or neither",
                folder);
    }

    @Test
    void networksOfTwoModelsAreRefused() {
        OnnxFolders.fix(folder.resolve(UNET), "sample", 2, 12);
        OnnxFolders.fix(folder.resolve(DECODER), "latent_sample", 2, 16);
        assertRefused(
                "%s: the latents' sizes are 12 to the UNet, but 16 to the network beside it; they are of two models",
                folder);
    }

    @Test
    void anExportOfAnotherBatchIsRefused() {
        OnnxFolders.fix(folder.resolve(UNET), "sample", 0, 2);
        assertRefused(
                "%s was exported for batches of 2 alone (sample[2, 4, any, any]); export it with dynamic axes, or for batches of 1",
                folder.resolve(UNET));
    }

    @Test
    void anExportOfFewerTokensIsRefused() {
        OnnxFolders.fix(folder.resolve(UNET), "encoder_hidden_states", 1, 64);
        assertThat(OnnxFolder.load(folder).tokens()).isEqualTo(64);
        OnnxFolders.fix(folder.resolve(TEXT), "input_ids", 1, 77);
        assertRefused(
                "%s: the tokens are 64 to the UNet, but 77 to the network beside it; they are of two models", folder);
    }

    @Test
    void anotherNetworkIsRefusedWithItsInputs() throws IOException {
        Files.copy(folder.resolve(DECODER), temp.resolve("decoder"));
        Files.delete(folder.resolve(UNET));
        Files.move(temp.resolve("decoder"), folder.resolve(UNET));
        assertRefused(
                "%s takes [latent_sample[any, 4, any, any]], but encoder_hidden_states, sample, timestep, timestep_cond were expected; it is no export of this kind of network",
                folder.resolve(UNET));
    }

    @Test
    void anOperatorThatNeedsALibraryIsRefusedByName() {
        OnnxFolders.edit(folder.resolve(UNET), model -> {
            model.addOpsetImport(
                    OperatorSetIdProto.newBuilder().setDomain("com.example").setVersion(1));
            model.getGraphBuilder().getNodeBuilder(5).setDomain("com.example").setOpType("Evil");
        });
        assertRefused(
                "%s uses the operator Evil of 'com.example', which is neither ONNX's nor ONNX Runtime's and would need a library of its own; export the model without it",
                folder.resolve(UNET));
    }

    @Test
    void aModelOfAnotherFamilyIsRefused() throws IOException {
        Files.writeString(
                folder.resolve("model_index.json"), "{\"text_encoder_2\": [\"transformers\", \"CLIPTextModel\"]}");
        assertRefused(
                "%s describes a model with two text encoders (Stable Diffusion XL); only Stable Diffusion 1.x and 2.x are supported",
                folder.resolve("model_index.json"));
    }

    @Test
    void aGuidanceScaleNeedsAPlaceInTheUnet() {
        folder = OnnxFolders.unpack("sd1", temp.resolve("sd1"));
        assertThatThrownBy(() -> builder().recipe("lcm").build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "Recipe lcm embeds a guidance scale of 8.5, but the UNet in %s has no timestep_cond to take it; it was trained for another recipe",
                        folder);
    }

    @Test
    void aRecipeWithHalfATimestepNeedsAUnetThatTakesIt() throws IOException {
        folder = OnnxFolders.unpack("sd1", temp.resolve("sd1"));
        Path recipe = temp.resolve("half.json");
        Files.writeString(recipe, "{\"name\": \"half\", \"timestep\": 624.5, \"alpha_squared\": 0.5}");
        assertThatThrownBy(() -> builder().recipe(recipe).build())
                .isInstanceOf(ModelException.class)
                .hasMessage("%s takes whole timesteps alone, but the recipe's is 624.5", folder.resolve(UNET));
    }

    @Test
    void thePrecisionIsTheExports() {
        assertThat(OnnxFolder.load(folder).precisionName()).isEqualTo("FP32");
        GraphCache cache = new GraphCache(temp.resolve("cache"));
        OneStep recipe = new DiffusersFolder(folder).resolve(Recipes.preset("lcm"));
        assertThatThrownBy(() ->
                        OnnxFolder.load(folder).on(ComputeDevice.of(Device.cpu()), Precision.FP16, recipe, 77, cache))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "precision FP16 was asked for, but the ONNX files in %s compute in FP32, as they were exported; leave precision at AUTO",
                        folder);
    }

    @Test
    void anImageThatIsTooLargeForTheMemoryIsRefused() {
        try (SwiftBrush brush = builder().memoryLimitBytes(64L << 20).build()) {
            assertThatThrownBy(() -> brush.generate(CAT.withSize(2048, 2048)))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageMatching(
                            "An image of 2048x2048 needs about [0-9,]+ MB for weights and [0-9,]+ MB for a network call, but memoryLimitBytes allows [0-9,]+ MB; ask for a smaller image, free memory, or set memoryLimitBytes");
        }
    }

    @Test
    void filesThatChangeBeforeTheyAreOpenedAgainAreRefused() throws IOException {
        OneStep recipe = new DiffusersFolder(folder).resolve(Recipes.preset("lcm"));
        OnDevice model = OnnxFolder.load(folder)
                .on(ComputeDevice.of(Device.cpu()), Precision.AUTO, recipe, 77, new GraphCache(temp.resolve("cache")));
        setOperators(DECODER, 17);
        assertThatThrownBy(model::open)
                .isInstanceOf(ModelException.class)
                .hasMessage("The files in %s have changed since the model was opened; open it anew", folder);
        Files.delete(folder.resolve(DECODER));
        assertThatThrownBy(model::open)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(
                        "The files in %s cannot be read any more; put them back, or open the model anew from elsewhere ["
                                .formatted(folder));
    }
}
