package dev.swiftbrush.train.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.CaptionedImages.Entry;
import dev.swiftbrush.train.evaluation.Scores.Drawn;
import dev.swiftbrush.train.torch.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small encoder learns which of four colours has which name. */
class ContrastiveTaskTest {
    private static final int SIZE = 16;
    private static final int[] COLOURS = {0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00};

    @TempDir
    Path folder;

    @BeforeAll
    static void load() {
        Torch.start(1);
    }

    @Test
    void learnsWhichCaptionBelongsToWhichPicture() {
        ContrastiveTask task = task();
        assertThat(precision(task.result())).isLessThan(1);

        double first = task.step(0).get("loss/contrastive");
        double last = first;
        for (int step = 1; step < 40; step++) {
            last = task.step(step).get("loss/contrastive");
        }

        assertThat(last).isLessThan(0.5 * first);
        assertThat(precision(task.result())).isEqualTo(1);
    }

    @Test
    void theSameSeedLearnsTheSame() {
        assertThat(task().step(0)).isEqualTo(task().step(0));
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        Path file = folder.resolve("encoder.safetensors");
        TrainedImageEncoder encoder = task().result();
        encoder.write(file, "letters");
        TrainedImageEncoder read = TrainedImageEncoder.read(file, new ImageEncoder(SIZE, 4), "letters");
        assertThat(read.features(pictures()).get(1))
                .isEqualTo(encoder.features(pictures()).get(1));
        assertThat(read.sentenceFeatures(sentences()).get(2))
                .isEqualTo(encoder.sentenceFeatures(sentences()).get(2));
    }

    @Test
    void refusesTheWeightsOfAnotherNetwork() {
        Path file = folder.resolve("encoder.safetensors");
        task().result().write(file, "letters");
        assertThatThrownBy(() -> TrainedImageEncoder.read(file, new ImageEncoder(SIZE, 5), "letters"))
                .hasMessage("%s should hold 'sentences.weight' [128, 5], but has it as [128, 4]", file);
    }

    @Test
    void refusesAnotherTextEncoder() {
        Path file = folder.resolve("encoder.safetensors");
        task().result().write(file, "letters");
        assertThatThrownBy(() -> TrainedImageEncoder.read(file, new ImageEncoder(SIZE, 4), "words"))
                .hasMessage("%s was trained against another text encoder; train it anew against this one", file);
    }

    @Test
    void refusesASizeThatCannotBeHalvedFourTimes() {
        assertThatThrownBy(() -> new ImageEncoder(24, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("size must be a multiple of 16, but was 24");
    }

    private static ContrastiveTask task() {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < COLOURS.length; i++) {
            entries.add(new Entry(i, i, 1, true));
        }
        List<String> captions = List.of("red", "green", "blue", "yellow");
        return new ContrastiveTask(
                new CaptionedImages(SIZE, SIZE, pictures(), captions, entries),
                sentences(),
                new ContrastiveTask.Settings(40, 16, 3e-3, 1));
    }

    private static double precision(TrainedImageEncoder encoder) {
        List<float[]> features = encoder.features(pictures());
        return Scores.of(new Drawn(pictures(), features, encoder.sentenceFeatures(sentences())), features)
                .precision();
    }

    private static List<byte[]> pictures() {
        List<byte[]> pictures = new ArrayList<>();
        for (int colour : COLOURS) {
            byte[] rgb = new byte[3 * SIZE * SIZE];
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (byte) (colour >> 8 * (2 - i % 3));
            }
            pictures.add(rgb);
        }
        return pictures;
    }

    private static List<float[]> sentences() {
        List<float[]> sentences = new ArrayList<>();
        for (int i = 0; i < COLOURS.length; i++) {
            float[] one = new float[COLOURS.length];
            one[i] = 1;
            sentences.add(one);
        }
        return sentences;
    }
}
