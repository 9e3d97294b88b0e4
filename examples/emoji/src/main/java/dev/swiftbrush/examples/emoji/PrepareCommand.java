package dev.swiftbrush.examples.emoji;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes the dataset. */
@Command(
        name = "prepare",
        description =
                "Fetches the pictures and names of emoji by npm, checks them, and writes what a teacher is trained on.")
final class PrepareCommand implements Runnable {

    @Option(names = "--output", required = true, paramLabel = "FOLDER", description = "Where the dataset is written.")
    private Path output;

    @Option(
            names = "--packages",
            paramLabel = "FOLDER",
            description = "A node_modules folder that has the packages; without it, npm fetches them into the output.")
    private @Nullable Path packages;

    @SuppressWarnings("NullAway.Init") // picocli sets what is annotated
    PrepareCommand() {}

    @Override
    public void run() {
        Path folder = packages == null ? new Npm("npm").install(output.resolve("npm")) : packages;
        Packages checked = Packages.open(folder, Packages.PINNED);
        List<Emoji> emoji = new EmojiReader(checked).read();
        Dataset dataset = Dataset.of(emoji, Captions.of(emoji), HeldOut.published());
        dataset.write(output);
        System.out.printf(Locale.ROOT, "%s%n", dataset.summary());
    }
}
