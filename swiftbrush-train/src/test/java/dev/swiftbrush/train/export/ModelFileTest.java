package dev.swiftbrush.train.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFileTest {
    private static final TinyTeacher SD2 = TinyTeacher.of("sd2");
    private static final GenerationRequest REQUEST =
            GenerationRequest.of("a photo of a cat").withSeed(42);
    private static final String FILES = "META-INF/swiftbrush/default-model/";

    @TempDir
    Path folder;

    private Path student;
    private Path file;

    @BeforeEach
    void export() {
        student = folder.resolve("student");
        file = folder.resolve("emoji-1.0.zip");
        StudentExport.of(SD2.folder(), "none", Map.of()).write(student, SD2.unet());
    }

    private SwiftBrush.Builder builder() {
        return SwiftBrush.builder()
                .device(Device.cpu())
                .cacheDirectory(folder.resolve("cache"))
                .warmUp(false);
    }

    @Test
    void theFileDrawsWhatItsFolderDraws() {
        assertThat(ModelFile.write(student, file)).isEqualTo(file);

        try (SwiftBrush packed = builder().model(file).build();
                SwiftBrush unpacked = builder().model(student).build()) {
            GeneratedImage image = packed.generate(REQUEST);
            assertThat(image.rgb()).isEqualTo(unpacked.generate(REQUEST).rgb());
            assertThat(packed.model().name()).isEqualTo("emoji-1.0");
            assertThat(packed.model().fingerprint()).isEqualTo(unpacked.model().fingerprint());
        }
    }

    @Test
    void theFileOnTheClassPathIsTheModelOfWhoeverNamesNone() throws IOException {
        ModelFile.write(student, file);
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {file.toUri().toURL()}, before)) {
            Thread.currentThread().setContextClassLoader(loader);
            try (SwiftBrush brush = builder().build()) {
                assertThat(brush.model().name()).isEqualTo("emoji-1.0");
                assertThat(brush.generate(REQUEST).rgb()).isNotEmpty();
            }
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    @Test
    void holdsWhatBelongsToTheModelAndIsTheSameEachTime() throws IOException {
        Files.writeString(student.resolve("unet/model.bin"), "pickle");
        Files.writeString(student.resolve(".DS_Store"), "hidden");
        Files.createDirectories(student.resolve("samples"));
        Files.writeString(student.resolve("samples/0.json"), "{}");
        ModelFile.write(student, file);
        Path other = ModelFile.write(student, folder.resolve("elsewhere/emoji-1.0.zip"));

        assertThat(other).hasSameBinaryContentAs(file);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertThat(zip.stream().map(ZipEntry::getName))
                    .containsExactly(
                            "META-INF/swiftbrush/default-model.json",
                            FILES + "README.md",
                            FILES + "model_index.json",
                            FILES + "scheduler/scheduler_config.json",
                            FILES + "swiftbrush.json",
                            FILES + "text_encoder/config.json",
                            FILES + "text_encoder/model.safetensors",
                            FILES + "tokenizer/merges.txt",
                            FILES + "tokenizer/special_tokens_map.json",
                            FILES + "tokenizer/tokenizer_config.json",
                            FILES + "tokenizer/vocab.json",
                            FILES + "unet/config.json",
                            FILES + "unet/diffusion_pytorch_model.safetensors",
                            FILES + "vae/config.json",
                            FILES + "vae/diffusion_pytorch_model.safetensors");
        }
    }

    @Test
    void refusesNamesThatNoModelFileHas() {
        for (String name : List.of("emoji", "emoji.tar", ".zip", "an emoji.zip")) {
            assertThatThrownBy(() -> ModelFile.write(student, folder.resolve(name)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "A model file is called <name>.zip or <name>.jar, of letters, digits and _ . @ + -, but was to be "
                                    + name);
        }
    }

    @Test
    void replacesNothing() throws IOException {
        Files.writeString(file, "mine");
        assertThatThrownBy(() -> ModelFile.write(student, file))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s is there already; choose another name", file);
        assertThat(file).hasContent("mine");
    }

    @Test
    void refusesAModelThatDoesNotSayItsRecipe() throws IOException {
        Files.delete(student.resolve("swiftbrush.json"));
        assertThatThrownBy(() -> ModelFile.write(student, file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(" does not say how it makes an image in one step");
        assertThat(file).doesNotExist();
    }
}
