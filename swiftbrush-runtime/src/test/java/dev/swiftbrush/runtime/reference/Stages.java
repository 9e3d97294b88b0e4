package dev.swiftbrush.runtime.reference;

import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The stages of a case, each fed with the reference's own input. */
final class Stages {
    private Stages() {}

    static long[] tokenIds(Reference.Case expected) {
        Path folder = expected.reference().folder();
        int positions = checkpoint(expected.reference()).textEncoder().tokens();
        try (PromptTokenizer tokenizer = ClipTokenizer.open(folder.resolve("tokenizer"), positions)) {
            return expected.prompts().stream()
                    .flatMapToLong(
                            prompt -> Arrays.stream(tokenizer.tokenize(prompt).ids()))
                    .toArray();
        }
    }

    static float[] noise(Reference.Case expected) {
        List<Long> seeds = expected.seeds();
        int count = expected.floats("noise").length / seeds.size();
        float[] noise = new float[seeds.size() * count];
        for (int i = 0; i < seeds.size(); i++) {
            float[] drawn = Noise.draw(NoiseGenerator.TORCH_CPU, seeds.get(i), count);
            System.arraycopy(drawn, 0, noise, i * count, count);
        }
        return noise;
    }

    static float[] hiddenStates(Reference.Case expected) {
        long[] sizes = expected.sizes("token_ids");
        return Graphs.run(
                export(expected.reference()).textEncoder((int) sizes[1]),
                expected.reference().folder(),
                Map.of(GraphExport.INPUT_IDS, Graphs.integers(expected.bytes("token_ids"), sizes)),
                GraphExport.ENCODER_HIDDEN_STATES,
                expected.sizes("encoder_hidden_states"));
    }

    static float[] epsilon(Reference.Case expected) {
        return Graphs.run(
                export(expected.reference()).unet(oneStep(expected)),
                expected.reference().folder(),
                noiseAndStates(expected),
                GraphExport.EPSILON,
                expected.sizes("epsilon"));
    }

    static float[] latents(Reference.Case expected) {
        return Graphs.run(
                export(expected.reference()).latents(oneStep(expected)),
                expected.reference().folder(),
                noiseAndStates(expected),
                GraphExport.LATENTS,
                expected.sizes("latents"));
    }

    static float[] image(Reference.Case expected) {
        return Graphs.run(
                export(expected.reference()).decoder(),
                expected.reference().folder(),
                Map.of(GraphExport.LATENTS, input(expected, "latents")),
                GraphExport.IMAGE,
                expected.sizes("image"));
    }

    static float[] moments(Reference expected) {
        HostTensor image = Graphs.floats(expected.floats("encoder.image"), expected.sizes("encoder.image"));
        return Graphs.run(
                export(expected).encoder(),
                expected.folder(),
                Map.of(GraphExport.IMAGE, image),
                GraphExport.MOMENTS,
                expected.sizes("encoder.moments"));
    }

    private static Checkpoint checkpoint(Reference expected) {
        return Checkpoint.open(expected.folder(), false);
    }

    private static GraphExport export(Reference expected) {
        return new GraphExport(checkpoint(expected), DType.F32);
    }

    private static OneStep oneStep(Reference.Case expected) {
        Path scheduler = expected.reference().folder().resolve("scheduler/scheduler_config.json");
        return Recipes.preset(expected.recipe()).resolve(scheduler);
    }

    private static Map<String, HostTensor> noiseAndStates(Reference.Case expected) {
        return Map.of(
                GraphExport.NOISE,
                input(expected, "noise"),
                GraphExport.ENCODER_HIDDEN_STATES,
                input(expected, "encoder_hidden_states"));
    }

    private static HostTensor input(Reference.Case expected, String value) {
        return Graphs.floats(expected.floats(value), expected.sizes(value));
    }
}
