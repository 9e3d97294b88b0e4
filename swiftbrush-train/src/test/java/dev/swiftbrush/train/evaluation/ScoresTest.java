package dev.swiftbrush.train.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScoresTest {
    private static final List<float[]> PROMPTS = List.of(new float[] {1, 0}, new float[] {0, 1});
    private static final List<float[]> FEATURES =
            List.of(new float[] {1, 0}, new float[] {0.6f, 0.8f}, new float[] {0, 1}, new float[] {0, 1});
    private static final List<byte[]> PICTURES = List.of(picture(0), picture(51), picture(255), picture(255));

    @Test
    void measuresPicturesAgainstTheirPrompts() {
        Scores scores = Scores.of(new Scores.Drawn(PICTURES, FEATURES, PROMPTS), FEATURES);
        assertThat(scores.frechet()).isCloseTo(0, within(1e-6));
        assertThat(scores.textImage()).isCloseTo((1 + 0.6 + 1 + 1) / 4, within(1e-6));
        assertThat(scores.precision())
                .as("the second is nearer to the other prompt")
                .isEqualTo(0.75);
        assertThat(scores.diversity()).isCloseTo(Math.sqrt(0.16 + 0.64) / 2, within(1e-6));
        assertThat(scores.pixelDiversity()).isCloseTo(0.2 / 2, within(1e-6));
    }

    @Test
    void onePictureOfAPromptHasNoDiversity() {
        Scores scores = Scores.of(new Scores.Drawn(PICTURES.subList(0, 2), FEATURES.subList(0, 2), PROMPTS), FEATURES);
        assertThat(scores.diversity()).isZero();
        assertThat(scores.precision()).isEqualTo(1);
    }

    @Test
    void refusesPromptsWithDifferentNumbersOfPictures() {
        assertThatThrownBy(() -> new Scores.Drawn(PICTURES.subList(0, 3), FEATURES.subList(0, 3), PROMPTS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "every prompt must have as many pictures, but there are 3 pictures and 3 features for 2 prompts");
    }

    private static byte[] picture(int level) {
        return new byte[] {(byte) level, (byte) level, (byte) level};
    }
}
