package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.DecoderDistillation;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Distils a tiny decoder for a one-step model; ctrl-C saves the run, and {@code --resume} goes on with it. */
@Command(
        name = "decoder",
        description = "Distils a tiny decoder for a one-step model from its own, from prompts alone.")
final class DecoderCommand implements Callable<Integer>, Distill.Training {

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "FOLDER",
            description = "The one-step model: a checkpoint in diffusers layout, such as distil makes.")
    private Path checkpoint;

    @Option(names = "--prompts", required = true, paramLabel = "FILE", description = "A prompt on every line.")
    private Path prompts;

    @Mixin
    private RunOptions run = new RunOptions();

    @Option(
            names = "--embeddings",
            paramLabel = "FOLDER",
            description = "Where encoded prompts are kept, for several runs.")
    private @Nullable Path embeddings;

    @Option(
            names = "--recipe",
            paramLabel = "NAME",
            description = "How the model draws in one step, if it does not say so itself.")
    private @Nullable String recipe;

    @Option(names = "--channels", paramLabel = "N", description = "Of the decoder's layers.")
    private int channels = DecoderDistillation.CHANNELS;

    @Option(names = "--blocks", paramLabel = "N", description = "Of three convolutions at each size of the picture.")
    private int blocks = DecoderDistillation.BLOCKS;

    @Mixin
    private PretrainingOptions numbers = new PretrainingOptions(DecoderDistillation.defaultSettings());

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    DecoderCommand() {}

    @Override
    public Integer call() {
        DecoderDistillation.Builder decoder = run.tell(DecoderDistillation.builder())
                .checkpoint(checkpoint)
                .prompts(prompts)
                .channels(channels)
                .blocks(blocks)
                .settings(numbers.settings().build());
        if (embeddings != null) {
            decoder.embeddings(embeddings);
        }
        if (recipe != null) {
            decoder.recipe(recipe);
        }
        return Trainings.run("decoder", decoder, training -> {
            double psnr = training.build().run().psnr();
            System.out.printf(Locale.ROOT, "PSNR against the model's own decoder: %.1f dB%n", psnr);
        });
    }
}
