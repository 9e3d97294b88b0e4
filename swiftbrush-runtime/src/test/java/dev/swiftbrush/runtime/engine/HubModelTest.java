package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.CalibrationOptions;
import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.Precision;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.hub.HubServer;
import dev.swiftbrush.runtime.reference.OnnxFolders;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint from a hub, from its name to its picture. */
@Timeout(120)
class HubModelTest {
    private static final Path SD2 = Reference.folder("sd2");
    private static final String ID = "stabilityai/sd-turbo";
    private static final GenerationRequest CAT = GenerationRequest.of("a cat").withSeed(3);

    @TempDir
    Path folder;

    private HubServer server;

    @BeforeEach
    void serve() throws IOException {
        server = new HubServer(ID)
                .with(SD2)
                .with("README.md", "---\nlicense: other\nlicense_name: sai-nc-community\n---\n");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Engine open(Set<String> licences, @Nullable String pin) {
        EngineConfig config = new EngineConfig(
                new ModelSource.Hub(ID, null),
                null,
                null,
                List.of(Device.cpu()),
                Precision.AUTO,
                CalibrationOptions.defaults(),
                PoolOptions.defaults(),
                NoiseGenerator.TORCH_CPU,
                folder.resolve("graphs"),
                true,
                false,
                false,
                0,
                null,
                List.of(),
                List.of(),
                licences,
                pin);
        return OnnxEngine.open(config, () -> server.settings(folder.resolve("hub")));
    }

    @Test
    void drawsWhatTheSameFolderDraws() {
        byte[] fromFolder;
        String fingerprint;
        try (SwiftBrush brush = SwiftBrush.builder()
                .model(SD2)
                .recipe("sd-turbo")
                .device(Device.cpu())
                .cacheDirectory(folder.resolve("graphs"))
                .build()) {
            fromFolder = brush.generate(CAT).rgb();
            fingerprint = brush.model().fingerprint().sha256();
        }

        try (Engine engine = open(Set.of("sai-nc-community"), fingerprint)) {
            assertThat(engine.model().name()).isEqualTo(ID + "@" + HubServer.COMMIT);
            assertThat(engine.model().recipe()).isEqualTo("sd-turbo"); // by the id
            assertThat(engine.model().licence()).isEqualTo(new Licence("other", "sai-nc-community", null));
            assertThat(engine.model().fingerprint().sha256()).isEqualTo(fingerprint);

            GeneratedImage image = engine.generate(CAT);
            assertThat(image.rgb()).isEqualTo(fromFolder);
            assertThat(image.provenance().licence()).isEqualTo("other (sai-nc-community)");
            assertThat(image.provenance().fingerprint()).isEqualTo(fingerprint);
        }
    }

    @Test
    void drawsWhatTheSameFolderOfOnnxFilesDraws() throws IOException {
        Path lcm = OnnxFolders.unpack("lcm", folder.resolve("lcm"));
        byte[] fromFolder;
        String fingerprint;
        try (SwiftBrush brush = sd2().model(lcm).recipe("sd-turbo").build()) {
            fromFolder = brush.generate(CAT).rgb();
            fingerprint = brush.model().fingerprint().sha256();
        }
        server.close();
        server = new HubServer(ID).with(lcm).with("unet/diffusion_pytorch_model.bin", "a pickle");

        try (Engine engine = open(Set.of(), fingerprint)) {
            assertThat(engine.generate(CAT).rgb()).isEqualTo(fromFolder);
        }
        assertThat(folder.resolve("hub/models--stabilityai--sd-turbo/snapshots/" + HubServer.COMMIT + "/unet"))
                .isDirectoryNotContaining("glob:**.bin");
    }

    @Test
    void anotherLicenceIsRefusedBeforeTheWeightsAreDownloaded() {
        assertThatThrownBy(() -> open(Set.of("mit", "apache-2.0"), null))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "stabilityai/sd-turbo is under other (sai-nc-community), but only apache-2.0, mit is accepted; read the model's terms, and name its licence in requireLicence(...) if they suit");
        assertThat(folder.resolve("hub/models--stabilityai--sd-turbo/snapshots/" + HubServer.COMMIT + "/unet"))
                .isDirectoryNotContaining("glob:**.safetensors");
    }

    @Test
    void anotherArchitectureIsRefusedBeforeTheWeightsAreDownloaded() {
        server.with("model_index.json", "{\"transformer\": [\"diffusers\", \"FluxTransformer2DModel\"]}");

        assertThatThrownBy(() -> open(Set.of(), null))
                .isInstanceOf(ModelException.class)
                .hasMessageEndingWith(
                        "describes a model with a transformer instead of a UNet; only Stable Diffusion 1.x and 2.x are supported");
        assertThat(folder.resolve("hub/models--stabilityai--sd-turbo/snapshots/" + HubServer.COMMIT + "/unet"))
                .isDirectoryNotContaining("glob:**.safetensors");
    }

    @Test
    void aModelWithoutALicenceIsRefusedIfOneIsRequired() {
        assertThatThrownBy(() -> sd2().requireLicence("apache-2.0").build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "sd2 states no licence, but only apache-2.0 is accepted; read the model's terms, and name its licence in requireLicence(...) if they suit");
    }

    @Test
    void theFingerprintNamesEveryFileThatCounts() {
        try (SwiftBrush brush = sd2().recipe("swiftbrush").build()) {
            assertThat(brush.model().fingerprint().parts().keySet())
                    .containsExactly(
                            "recipe",
                            "text_encoder/config.json",
                            "text_encoder/model.safetensors",
                            "tokenizer/merges.txt",
                            "tokenizer/special_tokens_map.json",
                            "tokenizer/tokenizer_config.json",
                            "tokenizer/vocab.json",
                            "unet/config.json",
                            "unet/diffusion_pytorch_model.safetensors",
                            "vae/config.json",
                            "vae/diffusion_pytorch_model.safetensors");
            // sha256sum vocab.json, GNU coreutils
            assertThat(brush.model().fingerprint().parts().get("tokenizer/vocab.json"))
                    .isEqualTo("26c3b5fb68ddb46c86ec28ca1295d161326be7bab8dea8521a7394160195322e");
        }
    }

    @Test
    void aPinnedModelIsNoOther() throws IOException {
        String fingerprint;
        try (SwiftBrush brush = sd2().recipe("swiftbrush").build()) {
            fingerprint = brush.model().fingerprint().sha256();
        }
        assertThatThrownBy(() -> sd2().recipe("dmd2").pin(fingerprint).build())
                .isInstanceOf(ModelException.class)
                .hasMessageMatching("sd2 has the fingerprint [0-9a-f]{64}, but " + fingerprint
                        + " is pinned; its files or its recipe are not those that were pinned");

        Path copy = folder.resolve("sd2");
        copySd2(copy);
        sd2().model(copy).recipe("swiftbrush").pin(fingerprint).build().close();
        Files.writeString(copy.resolve("tokenizer/merges.txt"), "#version: 0.2\n");
        assertThatThrownBy(() ->
                        sd2().model(copy).recipe("swiftbrush").pin(fingerprint).build())
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("sd2 has the fingerprint ");
    }

    private static void copySd2(Path target) throws IOException {
        try (Stream<Path> files = Files.walk(SD2)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(SD2.relativize(file).toString()));
            }
        }
    }

    private SwiftBrush.Builder sd2() {
        return SwiftBrush.builder()
                .model(SD2)
                .device(Device.cpu())
                .warmUp(false)
                .cacheDirectory(folder.resolve("graphs"));
    }
}
