package dev.swiftbrush.runtime.tensor;

import java.util.Arrays;
import java.util.Optional;

/** An elementwise non-linearity, under the names that checkpoint configurations use. */
public enum Activation {
    /** {@code x * sigmoid(x)}, also called swish. */
    SILU("silu", "swish"),
    /** {@code x * Phi(x)} by the error function, not the tanh approximation. */
    GELU("gelu"),
    /** {@code x * sigmoid(1.702 x)}, the GELU of OpenAI's CLIP. */
    QUICK_GELU("quick_gelu"),
    /** {@code x * tanh(softplus(x))}. */
    MISH("mish"),
    /** {@code max(x, 0)}. */
    RELU("relu"),
    /** The hyperbolic tangent, which configurations do not name. */
    TANH();

    private final String[] names;

    Activation(String... names) {
        this.names = names;
    }

    /** Finds the activation that a configuration calls {@code name}. */
    public static Optional<Activation> named(String name) {
        return Arrays.stream(values())
                .filter(activation -> Arrays.asList(activation.names).contains(name))
                .findFirst();
    }
}
