package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.Locale;

/** The activations that a diffusers configuration can name. */
final class DiffusersActivation {
    private DiffusersActivation() {}

    static Activation of(JsonFile config, String key) {
        String name = config.text(key).orElse("silu").toLowerCase(Locale.ROOT);
        return Activation.named(name)
                .filter(activation -> activation != Activation.QUICK_GELU)
                .orElseThrow(() -> config.fault(key, "one of silu, swish, gelu, mish, relu"));
    }
}
