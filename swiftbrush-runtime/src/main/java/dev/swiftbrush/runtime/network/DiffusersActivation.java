package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.Activation;
import java.util.Locale;

/** The activations that a diffusers configuration can name. */
final class DiffusersActivation {
    private DiffusersActivation() {}

    static Activation of(JsonFile config, String key) {
        return of(config, key, Activation.SILU);
    }

    /** @param fallback what an absent key means */
    static Activation of(JsonFile config, String key, Activation fallback) {
        return config.text(key).map(name -> named(config, key, name)).orElse(fallback);
    }

    private static Activation named(JsonFile config, String key, String name) {
        return Activation.named(name.toLowerCase(Locale.ROOT))
                .filter(activation -> activation != Activation.QUICK_GELU)
                .orElseThrow(() -> config.fault(key, "one of silu, swish, gelu, mish, relu"));
    }
}
