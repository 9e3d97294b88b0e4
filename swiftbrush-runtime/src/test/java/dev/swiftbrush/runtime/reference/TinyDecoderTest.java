package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the reference's tiny autoencoder leaves at its defaults. */
class TinyDecoderTest {
    private static final float SCALE = 0.18215f;
    private static final float SHIFT = 0.25f;

    @TempDir
    Path temp;

    @Test
    void latentsAreDividedByTheScalingFactorAndShiftedBack() {
        TinyCheckpoint model = TinyCheckpoint.copy("taesd", temp.resolve("model"));
        model.with("vae/config.json", "{'scaling_factor': %s, 'shift_factor': %s}".formatted(SCALE, SHIFT));
        Reference.Case expected =
                Reference.of(Reference.folder("taesd")).cases().get(0);
        float[] scaled = expected.floats("latents");
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (scaled[i] - SHIFT) * SCALE;
        }

        float[] image = Graphs.run(
                new GraphExport(model.open(), DType.F32).decoder(),
                model.folder(),
                Map.of(GraphExport.LATENTS, Graphs.floats(scaled, expected.sizes("latents"))),
                GraphExport.IMAGE,
                expected.sizes("image"));

        assertThat(Deviation.largest(image, expected.floats("image"))).isCloseTo(0, within(1e-4));
    }
}
