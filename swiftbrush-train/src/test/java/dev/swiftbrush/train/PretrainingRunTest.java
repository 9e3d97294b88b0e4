package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.train.Pretraining.Network;
import dev.swiftbrush.train.export.NewCheckpoint;
import dev.swiftbrush.train.reference.Golden;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A teacher from nothing: a new checkpoint, whose autoencoder and then its UNet are trained on two pictures. */
class PretrainingRunTest {
    private static final int SIZE = 64;

    @TempDir
    Path folder;

    @BeforeEach
    void drawPictures() throws IOException {
        Path images = Files.createDirectory(folder.resolve("images"));
        for (Color color : List.of(Color.RED, Color.BLUE)) {
            BufferedImage picture = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
            picture.createGraphics().fillRect(0, 0, SIZE, SIZE);
            picture.setRGB(SIZE / 2, SIZE / 2, color.getRGB());
            ImageIO.write(
                    picture, "png", images.resolve(color.getRed() + ".png").toFile());
        }
        Files.writeString(images.resolve("metadata.jsonl"), """
                {"file_name": "255.png", "text": "a red dot"}
                {"file_name": "0.png", "text": "a blue dot"}
                """);
    }

    @Test
    void makesATeacherThatCanBeDistilled() throws Exception {
        Path start = new NewCheckpoint(Golden.folder("sd2"), 1).write(folder.resolve("start"));
        Path autoencoder = pretraining(Network.AUTOENCODER, start)
                .output(folder.resolve("autoencoder"))
                .build()
                .run()
                .checkpoint();
        List<String> stages = new ArrayList<>();
        PretrainingResult result = pretraining(Network.UNET, autoencoder)
                .output(folder.resolve("unet"))
                .sampleEvery(2)
                .listener(new TrainingListener() {
                    @Override
                    public void stage(String stage, long done, long total) {
                        stages.add("%s: %d of %d".formatted(stage, done, total));
                    }
                })
                .build()
                .run();

        assertThat(result).isEqualTo(new PretrainingResult(folder.resolve("unet/checkpoint"), 2));
        assertThat(stages).contains("encoding captions: 2 of 2");
        assertThat(folder.resolve("unet/samples/step-00000002.png")).isNotEmptyFile();
        assertThat(folder.resolve("unet/report.html")).content().contains("Finished");

        JsonFile vae = JsonFile.read(result.checkpoint().resolve("vae/config.json"));
        assertThat(vae.root().path("scaling_factor").asDouble()).isPositive().isNotEqualTo(0.18215);
        Checkpoint trained = Checkpoint.open(result.checkpoint(), false);
        Checkpoint before = Checkpoint.open(start, false);
        assertThat(first(trained.unetWeights(), "conv_out.weight"))
                .isNotEqualTo(first(before.unetWeights(), "conv_out.weight"));
        assertThat(first(trained.vaeWeights(), "decoder.conv_out.weight"))
                .isNotEqualTo(first(before.vaeWeights(), "decoder.conv_out.weight"))
                .isEqualTo(first(Checkpoint.open(autoencoder, false).vaeWeights(), "decoder.conv_out.weight"));

        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "a red dot\n");
        Path student = Distillation.builder()
                .teacher(result.checkpoint())
                .prompts(prompts)
                .output(folder.resolve("student"))
                .settings(DistillationSettings.builder()
                        .steps(1)
                        .batchSize(1)
                        .accumulation(1)
                        .width(SIZE)
                        .height(SIZE)
                        .build())
                .sampleEvery(0)
                .build()
                .run()
                .student();
        assertThat(student.resolve("swiftbrush.json")).exists();
    }

    @Test
    void goesOnToTheSameWeights() throws Exception {
        Path whole = pretraining(Network.UNET, Golden.folder("sd2"))
                .settings(settings(4))
                .output(folder.resolve("whole"))
                .build()
                .run()
                .checkpoint();
        pretraining(Network.UNET, Golden.folder("sd2"))
                .settings(settings(2))
                .output(folder.resolve("halves"))
                .build()
                .run();
        Path halves = pretraining(Network.UNET, Golden.folder("sd2"))
                .settings(settings(4))
                .output(folder.resolve("halves"))
                .resume(true)
                .build()
                .run()
                .checkpoint();

        assertThat(halves.resolve("unet/diffusion_pytorch_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("unet/diffusion_pytorch_model.safetensors"));
    }

    @Test
    void aRunWithOtherPicturesIsNotResumed() throws Exception {
        Pretraining.Builder run = pretraining(Network.AUTOENCODER, Golden.folder("sd2"))
                .output(folder.resolve("run"))
                .resume(true);
        run.build().run();
        Files.writeString(
                folder.resolve("images/metadata.jsonl"), "{\"file_name\": \"255.png\", \"text\": \"a red dot\"}\n");

        assertThatThrownBy(() -> run.build().run())
                .hasMessageContaining(" is of another training: it has {\"network\":\"autoencoder\"");
    }

    @Test
    void refusesASizeThatTheNetworksDoNotTake() {
        Pretraining pretraining = pretraining(Network.UNET, Golden.folder("sd2"))
                .settings(PretrainingSettings.builder().width(48).height(64).build())
                .output(folder.resolve("run"))
                .build();

        assertThatThrownBy(pretraining::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("width and height must be multiples of 32 for this checkpoint, but were 48 and 64");
    }

    @Test
    void refusesABackgroundThatIsNoColour() {
        Pretraining.Builder builder = pretraining(Network.UNET, folder).output(folder);

        assertThatThrownBy(() -> builder.background(0x1000000).build())
                .hasMessage("background must be between 0x000000 and 0xffffff, but was 0x1000000");
    }

    @Test
    void saysWhatWasForgotten() {
        assertThatThrownBy(() -> Pretraining.builder().build()).hasMessage("network(...) was not called");
    }

    private Pretraining.Builder pretraining(Network network, Path checkpoint) {
        return Pretraining.builder()
                .network(network)
                .checkpoint(checkpoint)
                .images(folder.resolve("images"))
                .settings(settings(2))
                .threads(1)
                .sampleEvery(0);
    }

    private static PretrainingSettings settings(long steps) {
        return PretrainingSettings.builder()
                .steps(steps)
                .batchSize(2)
                .width(SIZE)
                .height(SIZE)
                .learningRate(1e-2)
                .build();
    }

    private static float[] first(Checkpoint.Component component, String name) {
        try (MappedWeights mapped = new MappedWeights()) {
            return mapped.floats(Objects.requireNonNull(component.tensors().get(name)));
        }
    }
}
