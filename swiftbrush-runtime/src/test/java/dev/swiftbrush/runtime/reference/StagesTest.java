package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.runtime.text.TokenizedPrompt;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every stage against the reference, each fed with the reference's own input. Tolerances are the largest difference over
 * the reference's standard deviation; float32 rounding alone makes up to 2e-6 of it (float32_rounding in reference.json).
 */
class StagesTest {

    static Stream<Reference.Case> cases() {
        return Reference.allCases();
    }

    static Stream<Reference> checkpoints() {
        return Reference.all();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void promptsBecomeTheSameTokens(Reference.Case expected) {
        Path folder = expected.reference().folder();
        Checkpoint checkpoint = Checkpoint.open(folder, false);
        int positions = checkpoint.textEncoder().config().positions();
        LongBuffer ids = expected.bytes("token_ids").asLongBuffer();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.resolve("tokenizer"), positions)) {
            for (String prompt : expected.prompts()) {
                TokenizedPrompt tokens = tokenizer.tokenize(prompt);
                long[] row = new long[tokens.ids().length];
                ids.get(row);
                assertThat(tokens.ids()).isEqualTo(row);
            }
        }
        assertThat(ids.hasRemaining()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void seedsBecomeTheSameNoise(Reference.Case expected) {
        float[] noise = expected.floats("noise");
        int count = noise.length / expected.seeds().size();
        for (int i = 0; i < expected.seeds().size(); i++) {
            float[] drawn =
                    Noise.draw(NoiseGenerator.TORCH_CPU, expected.seeds().get(i), count);
            for (int j = 0; j < count; j++) {
                assertThat((double) drawn[j]).isCloseTo(noise[i * count + j], within(1e-6));
            }
        }
    }

    private static org.assertj.core.data.Offset<Double> within(double tolerance) {
        return org.assertj.core.data.Offset.offset(tolerance);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theTextEncoderGivesTheSameHiddenStates(Reference.Case expected) {
        long[] idSizes = expected.sizes("token_ids");
        Path folder = expected.reference().folder();
        GraphExport export = new GraphExport(Checkpoint.open(folder, false), DType.F32);
        float[] states = Graphs.run(
                export.textEncoder((int) idSizes[1]),
                folder,
                Map.of(GraphExport.INPUT_IDS, Graphs.integers(expected.bytes("token_ids"), idSizes)),
                GraphExport.ENCODER_HIDDEN_STATES,
                expected.sizes("encoder_hidden_states"));
        report(expected, "states", Deviation.largest(states, expected.floats("encoder_hidden_states")));
        assertThat(Deviation.largest(states, expected.floats("encoder_hidden_states")))
                .isLessThan(1e-5);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theUnetPredictsTheSame(Reference.Case expected) {
        GraphExport export = export(expected);
        float[] epsilon = Graphs.run(
                export.unet(oneStep(expected)),
                expected.reference().folder(),
                noiseAndStates(expected),
                GraphExport.EPSILON,
                expected.sizes("epsilon"));
        report(expected, "epsilon", Deviation.largest(epsilon, expected.floats("epsilon")));
        assertThat(Deviation.largest(epsilon, expected.floats("epsilon"))).isLessThan(1e-5);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theRecipeMakesTheSameLatents(Reference.Case expected) {
        float[] latents = Graphs.run(
                export(expected).latents(oneStep(expected)),
                expected.reference().folder(),
                noiseAndStates(expected),
                GraphExport.LATENTS,
                expected.sizes("latents"));
        report(expected, "latents", Deviation.largest(latents, expected.floats("latents")));
        assertThat(Deviation.largest(latents, expected.floats("latents"))).isLessThan(1e-4);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theDecoderMakesTheSameImage(Reference.Case expected) {
        float[] image = Graphs.run(
                export(expected).decoder(),
                expected.reference().folder(),
                Map.of(GraphExport.LATENTS, Graphs.floats(expected.floats("latents"), expected.sizes("latents"))),
                GraphExport.IMAGE,
                expected.sizes("image"));
        report(expected, "image", Deviation.largest(image, expected.floats("image")));
        assertThat(Deviation.largest(image, expected.floats("image"))).isLessThan(1e-4);
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void theEncoderGivesTheSameMoments(Reference expected) {
        float[] moments = Graphs.run(
                new GraphExport(Checkpoint.open(expected.folder(), false), DType.F32).encoder(),
                expected.folder(),
                Map.of(
                        GraphExport.IMAGE,
                        Graphs.floats(expected.floats("encoder.image"), expected.sizes("encoder.image"))),
                GraphExport.MOMENTS,
                expected.sizes("encoder.moments"));
        assertThat(Deviation.largest(moments, expected.floats("encoder.moments")))
                .isLessThan(1e-5);
    }

    private static void report(Reference.Case expected, String stage, double deviation) {
        System.out.println(expected + " " + stage + " " + deviation);
    }

    private static GraphExport export(Reference.Case expected) {
        return new GraphExport(Checkpoint.open(expected.reference().folder(), false), DType.F32);
    }

    private static OneStep oneStep(Reference.Case expected) {
        Path scheduler = expected.reference().folder().resolve("scheduler/scheduler_config.json");
        return Recipes.preset(expected.recipe()).resolve(scheduler);
    }

    private static Map<String, dev.swiftbrush.runtime.session.HostTensor> noiseAndStates(Reference.Case expected) {
        return Map.of(
                GraphExport.NOISE, Graphs.floats(expected.floats("noise"), expected.sizes("noise")),
                GraphExport.ENCODER_HIDDEN_STATES,
                        Graphs.floats(
                                expected.floats("encoder_hidden_states"), expected.sizes("encoder_hidden_states")));
    }
}
