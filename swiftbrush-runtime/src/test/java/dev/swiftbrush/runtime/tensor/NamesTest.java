package dev.swiftbrush.runtime.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The names under which checkpoints speak of activations and types. */
class NamesTest {

    @ParameterizedTest
    @CsvSource({"silu,SILU", "swish,SILU", "gelu,GELU", "quick_gelu,QUICK_GELU", "mish,MISH", "relu,RELU"})
    void findsAnActivation(String name, Activation activation) {
        assertThat(Activation.named(name)).contains(activation);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "SILU", "gelu_new", "geglu", "silu ", "tanh"})
    void knowsNoOtherActivation(String name) {
        assertThat(Activation.named(name)).isEmpty();
    }

    @Test
    void findsATypeBySafetensorsName() {
        assertThat(DType.parse("BF16")).contains(DType.BF16);
        assertThat(DType.parse("bf16")).isEmpty();
        assertThat(DType.parse("F8_E4M3")).isEmpty();
    }
}
