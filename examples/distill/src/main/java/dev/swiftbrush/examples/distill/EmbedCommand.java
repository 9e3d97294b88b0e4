package dev.swiftbrush.examples.distill;

import dev.swiftbrush.Device;
import dev.swiftbrush.train.data.EmbeddingOptions;
import dev.swiftbrush.train.data.EmbeddingStore;
import dev.swiftbrush.train.data.Prompts;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.report.ConsoleProgress;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Encodes prompts for {@code distil --embeddings}. */
@Command(name = "embed", description = "Encodes prompts once, for several runs; stopped, it goes on where it was.")
final class EmbedCommand implements Runnable {

    @Option(
            names = "--teacher",
            required = true,
            paramLabel = "FOLDER",
            description = "The checkpoint whose text encoder is used.")
    private Path teacher;

    @Option(
            names = "--prompts",
            required = true,
            paramLabel = "FILE",
            description = "A UTF-8 text file with a prompt on every line.")
    private Path prompts;

    @Option(names = "--output", required = true, paramLabel = "FOLDER", description = "Where they are kept.")
    private Path output;

    @Option(
            names = "--device",
            converter = Devices.class,
            paramLabel = "NAME",
            description = "auto, cpu, cuda, or one of several GPUs as cuda:1.")
    private Device device = Device.auto();

    @SuppressWarnings("NullAway.Init")
    EmbedCommand() {}

    @Override
    public void run() {
        Prompts list = Prompts.read(prompts);
        try (ConsoleProgress progress = ConsoleProgress.on(System.out);
                TextEncoder encoder = TextEncoder.open(teacher, device)) {
            EmbeddingStore.encode(
                    output,
                    list,
                    encoder,
                    EmbeddingOptions.defaults(),
                    done -> progress.stage("encoding prompts", done, list.count()));
        }
        System.out.printf(Locale.ROOT, "%,d prompts are in %s%n", list.count(), output);
    }
}
