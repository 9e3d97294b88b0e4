package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every stage against the reference, each fed with the reference's own input. Tolerances but the noise's are the largest
 * difference over the reference's standard deviation; float32 rounding alone makes up to 2e-6 of it (float32_rounding in
 * reference.json).
 */
class StagesTest {

    static Stream<Reference.Case> cases() {
        return Reference.allCases();
    }

    static Stream<Reference> checkpoints() {
        return Reference.all().filter(Reference::hasEncoder);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void promptsBecomeTheSameTokens(Reference.Case expected) {
        assertThat(Stages.tokenIds(expected)).isEqualTo(expected.integers("token_ids"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void seedsBecomeTheSameNoise(Reference.Case expected) {
        assertThat(Deviation.largestDifference(Stages.noise(expected), expected.floats("noise")))
                .isLessThan(1e-6);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theTextEncoderGivesTheSameHiddenStates(Reference.Case expected) {
        assertThat(Deviation.largest(Stages.hiddenStates(expected), expected.floats("encoder_hidden_states")))
                .isLessThan(1e-5);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theUnetPredictsTheSame(Reference.Case expected) {
        assertThat(Deviation.largest(Stages.epsilon(expected), expected.floats("epsilon")))
                .isLessThan(1e-5);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theRecipeMakesTheSameLatents(Reference.Case expected) {
        assertThat(Deviation.largest(Stages.latents(expected), expected.floats("latents")))
                .isLessThan(1e-4);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theDecoderMakesTheSameImage(Reference.Case expected) {
        assertThat(Deviation.largest(Stages.image(expected), expected.floats("image")))
                .isLessThan(1e-4);
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void theEncoderGivesTheSameMoments(Reference expected) {
        assertThat(Deviation.largest(Stages.moments(expected), expected.floats("encoder.moments")))
                .isLessThan(1e-5);
    }
}
