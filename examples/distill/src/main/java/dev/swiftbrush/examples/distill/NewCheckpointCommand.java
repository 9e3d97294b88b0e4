package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.export.NewCheckpoint;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes a checkpoint to be trained from scratch. */
@Command(
        name = "new-checkpoint",
        description = "Gives random weights to the UNet and the autoencoder that a folder of configurations describes.")
final class NewCheckpointCommand implements Callable<Integer> {

    @Option(
            names = "--design",
            required = true,
            paramLabel = "FOLDER",
            description = "A checkpoint in diffusers layout that lacks those weights.")
    private Path design;

    @Option(names = "--output", required = true, paramLabel = "FOLDER", description = "The checkpoint's folder.")
    private Path output;

    @Option(names = "--seed", paramLabel = "N", description = "Of the weights.")
    private long seed;

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    NewCheckpointCommand() {}

    @Override
    public Integer call() {
        System.out.println(new NewCheckpoint(design, seed).write(output));
        return CommandLine.ExitCode.OK;
    }
}
