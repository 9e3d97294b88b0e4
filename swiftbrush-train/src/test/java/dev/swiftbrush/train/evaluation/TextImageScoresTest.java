package dev.swiftbrush.train.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextImageScoresTest {
    private static final float[] EAST = {1, 0};
    private static final float[] NORTH_EAST = {0.6f, 0.8f};
    private static final float[] NORTH = {0, 1};

    @Test
    void ranksThePromptOfEachPicture() {
        TextImageScores scores = TextImageScores.of(List.of(EAST, EAST, EAST), List.of(EAST, NORTH_EAST, NORTH));

        assertThat(scores.ranks()).containsExactly(1, 2, 3);
        assertThat(scores.own().get(1)).isEqualTo(0.6, within(1e-6));
        assertThat(scores.within(1)).isEqualTo(1);
        assertThat(scores.within(2)).isEqualTo(2);
    }

    @Test
    void equalPromptsShareTheBestRank() {
        assertThat(TextImageScores.of(List.of(EAST, EAST), List.of(NORTH, NORTH))
                        .ranks())
                .containsExactly(1, 1);
    }

    @Test
    void everyPromptHasOnePicture() {
        assertThatThrownBy(() -> TextImageScores.of(List.of(EAST), List.of(EAST, NORTH)))
                .hasMessage("every prompt must have one picture, but there are 1 for 2 prompts");
    }
}
