package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.Fingerprint;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.PublishedTopology;
import dev.swiftbrush.runtime.network.SingleFiles;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.reference.OnnxFolders;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code decoder(Path)}: a decoder from elsewhere in the place of the model's own. */
class DecoderOptionTest {
    private static final GenerationRequest REQUEST =
            GenerationRequest.of("a cat").withSeed(42).withSize(64, 64);

    @TempDir
    Path temp;

    private Path tiny;
    private Path ordinary;
    private Path decoder;

    /** Two models that differ in their decoders alone, and the decoder of the first. */
    @BeforeEach
    void copy() throws IOException {
        tiny = TinyCheckpoint.copy("taesd", temp.resolve("tiny")).folder();
        Files.createDirectory(temp.resolve("models"));
        TinyCheckpoint sd1 = TinyCheckpoint.copy("sd1", temp.resolve("sd1"));
        TinyCheckpoint other = TinyCheckpoint.copy("taesd", temp.resolve("models/ordinary"))
                .with("model_index.json", "{'vae': ['diffusers', 'AutoencoderKL']}");
        ordinary = other.folder();
        for (String name : Set.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.move(
                    sd1.file("vae").resolve(name),
                    other.file("vae").resolve(name),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        decoder = TinyCheckpoint.copy("taesd/vae", temp.resolve("taesd")).folder();
    }

    private SwiftBrush.Builder builder(Path model) {
        return SwiftBrush.builder()
                .model(model)
                .recipe("instaflow")
                .device(Device.cpu())
                .warmUp(false)
                .cacheDirectory(temp.resolve("cache"));
    }

    @Test
    void drawsThePicturesOfTheModelWhoseOwnItIs() {
        byte[] expected = draw(builder(tiny));

        assertThat(draw(builder(ordinary).decoder(decoder))).isEqualTo(expected);
        assertThat(draw(builder(ordinary))).isNotEqualTo(expected);
    }

    @Test
    void theSizesAreTheModels() {
        try (SwiftBrush brush = builder(ordinary).decoder(decoder).build()) {
            assertThat(brush.model().name()).isEqualTo("ordinary");
            assertThat(brush.model().defaultSize()).isEqualTo(new ImageSize(64, 64));
            assertThat(brush.model().sizeMultiple()).isEqualTo(16);
        }
    }

    @Test
    void belongsToTheFingerprintAndSoToThePng() {
        Fingerprint own;
        try (SwiftBrush brush = builder(ordinary).build()) {
            own = brush.model().fingerprint();
        }
        try (SwiftBrush brush = builder(ordinary).decoder(decoder).build()) {
            Fingerprint fingerprint = brush.model().fingerprint();
            GeneratedImage image = brush.generate(REQUEST);

            assertThat(fingerprint.sha256()).isNotEqualTo(own.sha256());
            assertThat(fingerprint.parts())
                    .containsKeys("decoder/config.json", "decoder/diffusion_pytorch_model.safetensors")
                    .doesNotContainKeys("vae/config.json", "vae/diffusion_pytorch_model.safetensors");
            assertThat(image.provenance().fingerprint()).isEqualTo(fingerprint.sha256());
            builder(ordinary).decoder(decoder).pin(fingerprint.sha256()).build().close();
        }
        assertThatThrownBy(() ->
                        builder(ordinary).decoder(decoder).pin(own.sha256()).build())
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("is pinned");
    }

    @Test
    void hasGraphsOfItsOwnWhereverItLies() throws IOException {
        builder(ordinary).build().close();
        assertThat(entries()).isEqualTo(1);
        byte[] expected = draw(builder(ordinary).decoder(decoder));
        assertThat(entries()).isEqualTo(2);

        Path moved = Files.move(
                decoder, Files.createDirectory(temp.resolve("elsewhere")).resolve("decoder"));
        assertThat(draw(builder(ordinary).decoder(moved))).isEqualTo(expected);
        assertThat(entries()).isEqualTo(2);
    }

    @Test
    void mayLieAboveTheModelOrInIt() throws IOException {
        byte[] expected = draw(builder(tiny));
        Path above = temp.resolve("models");
        Files.copy(decoder.resolve("config.json"), above.resolve("config.json"));
        Files.move(
                decoder.resolve("diffusion_pytorch_model.safetensors"),
                above.resolve("diffusion_pytorch_model.safetensors"));

        assertThat(draw(builder(ordinary).decoder(above))).isEqualTo(expected);
        assertThat(draw(builder(tiny).decoder(tiny.resolve("vae")))).isEqualTo(expected);
    }

    @Test
    void servesASingleFileToo() {
        Path file = temp.resolve("model.safetensors");
        Checkpoint folder = PublishedTopology.SD1.write(temp.resolve("published"), "", "epsilon");
        SingleFiles.write(file, SingleFiles.contents(folder, PublishedTopology.SD1.names()), Map.of());
        String own;
        try (SwiftBrush brush = builder(file).build()) {
            own = brush.model().fingerprint().sha256();
        }

        try (SwiftBrush brush = builder(file).decoder(decoder).build()) {
            assertThat(brush.model().fingerprint().sha256()).isNotEqualTo(own);
            assertThat(brush.model().fingerprint().parts().keySet())
                    .containsExactlyInAnyOrder(
                            "model.safetensors",
                            "tokenizer",
                            "recipe",
                            "decoder/config.json",
                            "decoder/diffusion_pytorch_model.safetensors");
            assertThat(brush.generate(REQUEST).rgb())
                    .isEqualTo(draw(builder(temp.resolve("published")).decoder(decoder)));
        }
    }

    @Test
    void mustNotChangeBetweenReadingAndOpening() throws IOException {
        Checkpoint checkpoint = Checkpoint.open(ordinary, false).withDecoder(decoder, false);
        GraphCache cache = new GraphCache(temp.resolve("cache"));
        DeviceModel model = new DeviceModel(
                checkpoint,
                new ComputeDevice.Cpu(1),
                DType.F32,
                new DiffusersFolder(ordinary).resolve(Recipes.preset("instaflow")),
                77,
                cache);
        Files.writeString(decoder.resolve("config.json"), Files.readString(decoder.resolve("config.json")) + "\n");

        assertThatThrownBy(model::open)
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The files in %s or %s have changed since the model was opened; open it anew",
                        ordinary, decoder);
    }

    @Test
    void isRefusedForAFolderOfOnnxFiles() {
        Path onnx = OnnxFolders.unpack("sd1", temp.resolve("onnx"));

        assertThatThrownBy(() -> builder(onnx).decoder(decoder).build())
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s is a folder of ONNX files, whose decoder cannot be replaced; leave decoder(Path) out, or open a checkpoint with safetensors weights",
                        onnx);
    }

    @Test
    void isRefusedIfItCannotBeRead() {
        assertThatThrownBy(() ->
                        builder(ordinary).decoder(Reference.folder("nowhere")).build())
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(Reference.folder("nowhere") + " is not a folder; a decoder is one with");
    }

    private static byte[] draw(SwiftBrush.Builder builder) {
        try (SwiftBrush brush = builder.build()) {
            return brush.generate(REQUEST).rgb();
        }
    }

    private long entries() throws IOException {
        try (Stream<Path> entries = Files.list(temp.resolve("cache/graphs"))) {
            return entries.count();
        }
    }
}
