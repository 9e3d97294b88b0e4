package dev.swiftbrush.examples.distill;

import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.train.Distillation;
import dev.swiftbrush.train.DistillationResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Distils a teacher; ctrl-C saves the run, and {@code --resume} goes on with it. */
@Command(
        name = "distil",
        aliases = "distill",
        description = "Distils a teacher into a one-step student, from prompts alone.")
final class DistilCommand implements Callable<Integer>, Distill.Training {

    @Option(
            names = "--teacher",
            required = true,
            paramLabel = "FOLDER",
            description = "A Stable Diffusion checkpoint in diffusers layout with safetensors.")
    private Path teacher;

    @Option(
            names = "--prompts",
            required = true,
            paramLabel = "FILE",
            description = "A UTF-8 text file with a prompt on every line.")
    private Path prompts;

    @Mixin
    private RunOptions run = new RunOptions();

    @Mixin
    private SettingsOptions settings = new SettingsOptions();

    @Option(
            names = "--embeddings",
            paramLabel = "FOLDER",
            description = "Where encoded prompts are kept, for several runs.")
    private @Nullable Path embeddings;

    @Option(names = "--encode-on-the-fly", description = "Keep no encoded prompts, but encode them whenever needed.")
    private boolean encodeOnTheFly;

    @Option(
            names = "--sample-prompt",
            paramLabel = "PROMPT",
            description = "What a sample picture shows; may be repeated. The first eight prompts if left out.",
            showDefaultValue = Help.Visibility.NEVER)
    private List<String> samplePrompts = List.of();

    @Option(
            names = "--draw",
            paramLabel = "PROMPT",
            description = "Draw this with the student when it is done; may be repeated. The pictures lie beside it.",
            showDefaultValue = Help.Visibility.NEVER)
    private List<String> drawn = List.of();

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    DistilCommand() {}

    @Override
    public Integer call() {
        Distillation.Builder distillation = run.tell(Distillation.builder())
                .teacher(teacher)
                .prompts(prompts)
                .settings(settings.settings())
                .encodeOnTheFly(encodeOnTheFly)
                .samplePrompts(samplePrompts);
        if (embeddings != null) {
            distillation.embeddings(embeddings);
        }
        return Trainings.run(
                "distil", distillation, training -> draw(training.build().run()));
    }

    /** What the student draws in the runtime, the way an application would. */
    private void draw(DistillationResult result) {
        if (drawn.isEmpty()) {
            return;
        }
        try (SwiftBrush brush = SwiftBrush.builder().model(result.student()).build()) {
            for (int i = 0; i < drawn.size(); i++) {
                Path png = result.student().resolveSibling("drawn-%d.png".formatted(i));
                brush.generate(GenerationRequest.of(drawn.get(i)).withSeed(i)).writePng(png);
                System.out.printf(Locale.ROOT, "%s: %s%n", drawn.get(i), png);
            }
        }
    }
}
