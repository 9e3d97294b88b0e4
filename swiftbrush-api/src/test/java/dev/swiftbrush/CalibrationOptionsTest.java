package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class CalibrationOptionsTest {
    private static final CalibrationOptions DEFAULTS = CalibrationOptions.defaults();

    @Test
    void defaultsAreTheEnginesPromptsAndThirtyDecibels() {
        assertThat(DEFAULTS).isEqualTo(new CalibrationOptions(List.of(), 30));
    }

    @Test
    void eachCanBeChanged() {
        List<String> prompts = List.of("a", "b", "c", "d");

        assertThat(DEFAULTS.withPrompts(prompts).withLeastPsnr(25)).isEqualTo(new CalibrationOptions(prompts, 25));
    }

    @Test
    void promptsAreCopied() {
        List<String> prompts = new ArrayList<>(List.of("a", "b", "c", "d"));
        CalibrationOptions options = DEFAULTS.withPrompts(prompts);
        prompts.clear();

        assertThat(options.prompts()).hasSize(4);
    }

    @Test
    void whatIsOutOfRangeIsRefused() {
        assertThatThrownBy(() -> DEFAULTS.withPrompts(List.of("a", "b", "c")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompts must be from 4 to 1000, or none for those of the engine, but were 3");
        assertThatThrownBy(() -> DEFAULTS.withPrompts(Collections.nCopies(1001, "a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("but were 1001");
        assertThatThrownBy(() -> DEFAULTS.withPrompts(List.of("a", "b", "c", " ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompts must not be blank");
        assertThatThrownBy(() -> DEFAULTS.withPrompts(Arrays.asList("a", "b", "c", null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an element of prompts must not be null");
        assertThatThrownBy(() -> DEFAULTS.withLeastPsnr(101))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("leastPsnr must be from 0 to 100, but was 101.0");
        assertThatThrownBy(() -> DEFAULTS.withLeastPsnr(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    }
}
