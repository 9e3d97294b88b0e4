package dev.swiftbrush.runtime.recipe;

import dev.swiftbrush.runtime.json.JsonFile;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a UNet's output means, under the names that scheduler configurations use. */
public enum Prediction {
    /** The noise in the latents. */
    EPSILON("epsilon"),
    /** {@code alpha·noise - sigma·x0}: Salimans and Ho, "Progressive Distillation" (arXiv 2202.00512), appendix D. */
    V("v_prediction"),
    /** The latents themselves. */
    SAMPLE("sample"),
    /** {@code x0 - noise}, the direction of a rectified flow: Liu et al., "InstaFlow" (arXiv 2309.06380). */
    VELOCITY("velocity");

    private final String key;

    Prediction(String key) {
        this.key = key;
    }

    /** Its name in configurations. */
    public String key() {
        return key;
    }

    /** Reads the value of {@code key}; absent stays absent, an unknown name is refused. */
    static Optional<Prediction> read(JsonFile config, String key) {
        return config.text(key)
                .map(name -> Arrays.stream(values())
                        .filter(prediction -> prediction.key.equals(name))
                        .findFirst()
                        .orElseThrow(() -> config.fault(
                                key,
                                "one of "
                                        + Arrays.stream(values())
                                                .map(prediction -> prediction.key)
                                                .collect(Collectors.joining(", ")))));
    }
}
