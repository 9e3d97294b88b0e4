package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A checkpoint of full size with what {@code tools/reference/fullsize.py} made of it, by hand (tools/reference/README.md).
 * Tolerances are those of the tiny checkpoints but for the encoder's moments, which float32 alone moves by 7e-6 here.
 */
@EnabledIfSystemProperty(named = "swiftbrush.fullsize", matches = ".+")
class FullSizeTest {
    private static final Logger log = LoggerFactory.getLogger(FullSizeTest.class);

    private static Reference reference;
    private static Reference.Case expected;

    @BeforeAll
    static void open() {
        reference = Reference.of(Path.of(System.getProperty("swiftbrush.fullsize")));
        expected = reference.cases().get(0);
    }

    @Test
    void seedsBecomeTheSameNoise() {
        assertThat(Deviation.largestDifference(Stages.noise(expected), expected.floats("noise")))
                .isLessThan(1e-6);
    }

    @Test
    void theTextEncoderGivesTheSameHiddenStates() {
        agree("hidden states", Stages.hiddenStates(expected), expected.floats("encoder_hidden_states"), 1e-5);
    }

    @Test
    void theUnetPredictsTheSame() {
        agree("epsilon", Stages.epsilon(expected), expected.floats("epsilon"), 1e-5);
    }

    @Test
    void theRecipeMakesTheSameLatents() {
        agree("latents", Stages.latents(expected), expected.floats("latents"), 1e-4);
    }

    @Test
    void theDecoderMakesTheSameImage() {
        agree("image", Stages.image(expected), expected.floats("image"), 1e-4);
    }

    @Test
    void theEncoderGivesTheSameMoments() {
        agree("moments", Stages.moments(reference), reference.floats("encoder.moments"), 5e-5);
    }

    private static void agree(String stage, float[] values, float[] reference, double tolerance) {
        double deviation = Deviation.largest(values, reference);
        log.info("{}: {}", stage, deviation);
        assertThat(deviation).isLessThan(tolerance);
    }
}
