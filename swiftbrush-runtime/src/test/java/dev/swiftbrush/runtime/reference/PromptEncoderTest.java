package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.engine.PromptEncoder;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PromptEncoderTest {

    @ParameterizedTest
    @MethodSource("dev.swiftbrush.runtime.reference.Reference#allCases")
    void givesTheHiddenStatesOfTransformers(Reference.Case expected) {
        try (PromptEncoder encoder = PromptEncoder.open(expected.reference().folder(), Device.cpu())) {
            float[] reference = expected.floats("encoder_hidden_states");
            FloatBuffer states = FloatBuffer.allocate(reference.length);

            encoder.encode(expected.prompts(), states);

            assertThat(expected.sizes("encoder_hidden_states"))
                    .containsExactly(expected.prompts().size(), encoder.tokens(), encoder.width());
            assertThat(states.hasRemaining()).isFalse();
            assertThat(Deviation.largest(states.array(), reference)).isLessThan(1e-5);
        }
    }

    @Test
    void refusesABufferThatIsTooSmall() {
        try (PromptEncoder encoder = PromptEncoder.open(Reference.folder("sd2"), Device.cpu())) {
            assertThatThrownBy(() -> encoder.encode(List.of("a", "b"), FloatBuffer.allocate(2771)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("2 prompts have 2772 floats of hidden states, but out has room for 2771");
        }
    }

    @Test
    void refusesToEncodeAfterItWasClosed() {
        PromptEncoder encoder = PromptEncoder.open(Reference.folder("sd2"), Device.cpu());
        encoder.close();
        encoder.close();

        assertThatThrownBy(() -> encoder.encode(List.of("a"), FloatBuffer.allocate(1386)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the prompt encoder is closed");
    }
}
