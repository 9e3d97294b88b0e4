package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.Pretraining;
import dev.swiftbrush.train.PretrainingSettings;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a part of a multi-step checkpoint on pictures; ctrl-C saves the run, and {@code --resume} goes on with it. */
@Command(name = "pretrain", description = "Trains the autoencoder or the UNet of a checkpoint on captioned pictures.")
final class PretrainCommand implements Callable<Integer>, Distill.Training {

    private static final PretrainingSettings DEFAULTS =
            PretrainingSettings.builder().build();

    @Option(
            names = "--network",
            required = true,
            paramLabel = "NAME",
            description = "What is trained: ${COMPLETION-CANDIDATES}. The autoencoder comes first.")
    private Pretraining.Network network;

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "FOLDER",
            description = "Where training starts: a checkpoint in diffusers layout, such as new-checkpoint makes.")
    private Path checkpoint;

    @Option(
            names = "--images",
            required = true,
            paramLabel = "FOLDER",
            description = "Pictures, and their captions in metadata.jsonl.")
    private Path images;

    @Mixin
    private RunOptions run = new RunOptions();

    @Option(
            names = "--embeddings",
            paramLabel = "FOLDER",
            description = "Where encoded captions are kept, for several runs.")
    private @Nullable Path embeddings;

    @Mixin
    private PretrainingOptions numbers = new PretrainingOptions(DEFAULTS);

    @Option(
            names = "--empty-prompts",
            paramLabel = "X",
            description = "Share of the samples that a UNet learns under the empty prompt.")
    private double emptyPromptProbability = DEFAULTS.emptyPromptProbability();

    @Option(
            names = "--kl-weight",
            paramLabel = "X",
            description = "Of the latents' divergence from normal ones in an autoencoder's loss.")
    private double klWeight = DEFAULTS.klWeight();

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    PretrainCommand() {}

    @Override
    public Integer call() {
        Pretraining.Builder pretraining = run.tell(Pretraining.builder())
                .network(network)
                .checkpoint(checkpoint)
                .images(images)
                .settings(numbers.settings()
                        .emptyPromptProbability(emptyPromptProbability)
                        .klWeight(klWeight)
                        .build());
        if (embeddings != null) {
            pretraining.embeddings(embeddings);
        }
        return Trainings.run(
                "pretrain", pretraining, training -> training.build().run());
    }
}
