package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.PublishedTopology;
import dev.swiftbrush.runtime.network.SingleFiles;
import dev.swiftbrush.runtime.network.SingleFiles.Content;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Original single files through the public API: the same picture as of the folder with the same weights, to the bit. */
class OriginalFileTest {
    private static final String COND_PROJ = "time_embedding.cond_proj.weight";
    private static final GenerationRequest REQUEST = GenerationRequest.of(
                    "A cat in the snow! " + "with very many words ".repeat(30))
            .withSeed(42)
            .withSize(64, 64);

    @TempDir
    static Path models;

    @TempDir
    Path temp;

    @BeforeAll
    static void writeModels() {
        write("sd1", PublishedTopology.SD1, "", "epsilon", Map.of("modelspec.license", "CreativeML Open RAIL-M"));
        write("lcm", PublishedTopology.SD1, ", 'time_cond_proj_dim': 32", "epsilon", Map.of());
        write("sd2", PublishedTopology.SD2, "", "epsilon", Map.of());
        write("sd2-v", PublishedTopology.SD2, "", "v_prediction", Map.of("modelspec.prediction_type", "v"));
    }

    private static void write(
            String name, PublishedTopology topology, String unet, String prediction, Map<String, String> metadata) {
        Checkpoint folder = topology.write(models.resolve(name), unet, prediction);
        Map<String, Content> contents = SingleFiles.contents(folder, topology.names());
        StoredTensor condition = folder.unetWeights().tensors().get(COND_PROJ);
        if (condition != null) {
            byte[] bytes = new byte[(int) condition.byteLength()];
            try (MappedWeights mapped = new MappedWeights()) {
                mapped.map(condition).get(bytes);
            }
            contents.put(
                    "model.diffusion_model." + COND_PROJ, new Content(condition.dtype(), condition.shape(), bytes));
        }
        SingleFiles.addSurplus(contents);
        if (topology == PublishedTopology.SD2) {
            SingleFiles.addLayerOfOpenClip(contents, 23);
        }
        SingleFiles.write(file(name), contents, metadata);
    }

    private static Path file(String name) {
        return models.resolve(name + ".safetensors");
    }

    private SwiftBrush.Builder builder(Path model) {
        return SwiftBrush.builder()
                .model(model)
                .recipe("dmd2")
                .device(Device.cpu())
                .warmUp(false) // at 512x512 or 768x768
                .cacheDirectory(temp.resolve("cache"));
    }

    @ParameterizedTest
    @CsvSource({
        "sd1, dmd2",
        "sd1, instaflow",
        "sd2, swiftbrush",
        "sd2, sd-turbo",
        "sd2, sid-lsg",
        "sd2-v, dmd2",
        "lcm, lcm"
    })
    void drawsThePictureOfTheFolderWithTheSameWeights(String name, String recipe) {
        byte[] expected;
        try (SwiftBrush folder = builder(models.resolve(name)).recipe(recipe).build()) {
            expected = folder.generate(REQUEST).rgb();
            assertThat(folder.generate(REQUEST.withSeed(1)).rgb()).isNotEqualTo(expected);
        }
        try (SwiftBrush file = builder(file(name)).recipe(recipe).build()) {
            assertThat(file.generate(REQUEST).rgb()).isEqualTo(expected);
            assertThat(file.generate(REQUEST).truncation()).isNotNull();
        }
    }

    @Test
    void saysWhatWasOpened() {
        try (SwiftBrush brush = builder(file("sd1")).build()) {
            assertThat(brush.model().name()).isEqualTo("sd1.safetensors");
            assertThat(brush.model().recipe()).isEqualTo("dmd2");
            assertThat(brush.model().defaultSize()).isEqualTo(new ImageSize(512, 512));
            assertThat(brush.model().licence()).isEqualTo(new Licence("creativeml-openrail-m", null, null));
        }
        try (SwiftBrush brush = builder(file("sd2-v")).build()) {
            assertThat(brush.model().defaultSize()).isEqualTo(new ImageSize(768, 768));
        }
    }

    @Test
    void aFileThatStatesNoLicenceHasNone() throws IOException {
        Path file = Files.copy(file("sd2"), temp.resolve("model.safetensors"));
        Files.writeString(temp.resolve("LICENSE"), "MIT License\n\nOf the program in this folder");
        Files.writeString(temp.resolve("README.md"), "---\nlicense: mit\n---\n");

        try (SwiftBrush brush = builder(file).build()) {
            assertThat(brush.model().licence()).isEqualTo(Licence.UNKNOWN);
        }
        assertThatThrownBy(() -> builder(file).requireLicence("mit").build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "model.safetensors states no licence, but only mit is accepted; read the model's terms, and name its licence in requireLicence(...) if they suit");
    }

    @Test
    void theNameOfAFileDoesNotCountForItsFingerprint() throws IOException {
        Path copy = Files.copy(file("sd2"), temp.resolve("another.safetensors"));
        String pin;
        try (SwiftBrush brush = builder(file("sd2")).build()) {
            assertThat(brush.model().fingerprint().parts())
                    .containsOnlyKeys("model.safetensors", "tokenizer", "recipe");
            pin = brush.model().fingerprint().sha256();
        }
        try (SwiftBrush brush = builder(copy).pin(pin).build()) {
            assertThat(brush.model().fingerprint().sha256()).isEqualTo(pin);
        }
        assertThatThrownBy(() -> builder(file("sd2-v")).pin(pin).build())
                .isInstanceOf(ModelException.class)
                .hasMessageEndingWith(
                        ", but %s is pinned; its files or its recipe are not those that were pinned", pin);
    }

    @Test
    void aRelativePathWillDo() {
        Path relative = Path.of("").toAbsolutePath().relativize(file("sd1").toAbsolutePath());

        try (SwiftBrush brush = builder(relative).build()) {
            assertThat(brush.model().name()).isEqualTo("sd1.safetensors");
        }
    }

    @Test
    void aFileWithoutARecipeIsRefused() {
        assertThatThrownBy(() -> SwiftBrush.builder()
                        .model(file("sd1"))
                        .device(Device.cpu())
                        .build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s does not say how it makes an image in one step, and a multi-step model would draw garbage; if it is a one-step model, call recipe(...) with one of: swiftbrush, sd-turbo, instaflow, lcm, dmd2, sid-lsg",
                        file("sd1"));
    }

    @Test
    void aGuidanceScaleNeedsAPlaceInTheUnet() {
        assertThatThrownBy(() -> builder(file("sd1")).recipe("lcm").build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "Recipe lcm embeds a guidance scale of 8.5, but the UNet in %s has no time_cond_proj_dim to take it; it was trained for another recipe",
                        file("sd1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.ckpt", "model.PT", "model.pth", "model.bin"})
    void aPickleIsNeverLoaded(String name) throws IOException {
        Path file = Files.write(temp.resolve(name), new byte[] {1});
        assertThatThrownBy(() -> builder(file).build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s is a pickle, which can run code when loaded and is never loaded; get the model as a .safetensors file, or load it in Python and write it again with save_pretrained(folder, safe_serialization=True)",
                        file);
    }

    @Test
    void anyOtherFileIsNoModel() throws IOException {
        Path file = Files.write(temp.resolve("model.gguf"), new byte[] {1});
        assertThatThrownBy(() -> builder(file).build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s is neither a folder nor a .safetensors, .zip or .jar file; a model is one of them", file);
    }

    @Test
    void aFileThatIsCutShortIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(file("sd1"));
        Path file = Files.write(temp.resolve("model.safetensors"), Arrays.copyOf(bytes, bytes.length - 1));
        assertThatThrownBy(() -> builder(file).build())
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("tensor ")
                .hasMessageEndingWith("the file is cut short, fetch it again");
    }
}
