package dev.swiftbrush.train.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.PretrainingSettings;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.PromptEmbeddings;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.reference.Golden;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tiny autoencoder and a tiny UNet learn two pictures by heart. */
class PretrainingTest {
    private static final int SIZE = 64;

    @TempDir
    Path folder;

    private final Checkpoint checkpoint = Golden.checkpoint("sd2");
    private final Means means = new Means(TorchDevice.cpu(), DType.F32, false, false);

    @BeforeAll
    static void load() {
        Torch.start(1);
    }

    @BeforeEach
    void drawPictures() throws IOException {
        draw("red.png", Color.RED);
        draw("blue.png", Color.BLUE);
        Files.writeString(folder.resolve("metadata.jsonl"), """
                {"file_name": "red.png", "text": "a red square"}
                {"file_name": "blue.png", "text": "a blue square", "weight": 2, "mirror": false}
                """);
    }

    @Test
    void anAutoencoderLosesLessAndLess() {
        AutoencoderTask task = autoencoder(3e-3);

        double first = task.step(0).get("loss/l1");
        double last = first;
        for (int step = 1; step < 60; step++) {
            last = task.step(step).get("loss/l1");
        }

        assertThat(last).isLessThan(0.6 * first);
        assertThat(task.scalingFactor(task.trainee().result())).isPositive().isFinite();
    }

    @Test
    void aUNetPredictsNoiseBetterAndBetter() {
        UNetTask task = unet();

        double first = 0;
        double last = 0;
        for (int step = 0; step < 80; step++) {
            double loss = task.step(step).get("loss/unet");
            first += step < 10 ? loss : 0;
            last += step >= 70 ? loss : 0;
        }

        assertThat(last).isLessThan(0.9 * first);
    }

    @Test
    void theSameSeedLearnsTheSame() {
        assertThat(unet().step(3)).isEqualTo(unet().step(3));
        assertThat(autoencoder(1e-3).step(3)).isEqualTo(autoencoder(1e-3).step(3));
    }

    @Test
    void showsWhatWasLearned() {
        Path png = folder.resolve("samples.png");
        autoencoder(1e-3).drawSamples(png);
        assertThat(png).isNotEmptyFile();

        Path drawn = folder.resolve("drawn.png");
        unet().drawSamples(drawn);
        assertThat(drawn).isNotEmptyFile();
    }

    private AutoencoderTask autoencoder(double learningRate) {
        FlatTensor weights =
                Networks.load(checkpoint.vaeWeights(), checkpoint.autoencoder().weights(), TorchDevice.cpu());
        return new AutoencoderTask(
                checkpoint.autoencoder(), weights, settings(learningRate), means, images(), new SeededDraws(1));
    }

    private UNetTask unet() {
        NoiseSchedule schedule =
                NoiseSchedule.of(JsonFile.read(Golden.folder("sd2").resolve("scheduler/scheduler_config.json")));
        return new UNetTask(checkpoint, schedule, settings(3e-3), means, images(), new Captions(), new SeededDraws(1));
    }

    private static PretrainingSettings settings(double learningRate) {
        return PretrainingSettings.builder()
                .steps(100)
                .batchSize(4)
                .width(SIZE)
                .height(SIZE)
                .learningRate(learningRate)
                .build();
    }

    private CaptionedImages images() {
        return CaptionedImages.read(folder, SIZE, SIZE, 0xFFFFFF);
    }

    private void draw(String name, Color color) throws IOException {
        BufferedImage picture = new BufferedImage(2 * SIZE, 2 * SIZE, BufferedImage.TYPE_INT_ARGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(color);
        graphics.fillRect(SIZE / 2, SIZE / 2, SIZE, SIZE);
        graphics.dispose();
        ImageIO.write(picture, "png", folder.resolve(name).toFile());
    }

    /** Hidden states that tell two captions and the empty one apart. */
    private static final class Captions implements PromptEmbeddings {
        @Override
        public int count() {
            return 2;
        }

        @Override
        public int tokens() {
            return 3;
        }

        @Override
        public int width() {
            return 18;
        }

        @Override
        public void read(int[] indices, FloatBuffer out) {
            for (int index : indices) {
                fill(out, index + 1);
            }
        }

        @Override
        public void readEmptyPrompt(FloatBuffer out) {
            fill(out, 0);
        }

        private void fill(FloatBuffer out, float value) {
            for (int i = 0; i < tokens() * width(); i++) {
                out.put(value);
            }
        }

        @Override
        public void close() {}
    }
}
