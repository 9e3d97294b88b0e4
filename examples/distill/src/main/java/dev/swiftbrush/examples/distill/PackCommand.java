package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.export.ModelFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes one file of a student. */
@Command(
        name = "pack",
        description =
                "Writes a student as one file, which SwiftBrush opens by its path or, if it is told no model, from the class path.")
final class PackCommand implements Callable<Integer> {

    @Option(names = "--model", required = true, paramLabel = "FOLDER", description = "The student's folder.")
    private Path model;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "The file, <name>.zip or <name>.jar; the model is called by that name.")
    private Path output;

    @SuppressWarnings("NullAway.Init") // picocli sets what is required
    PackCommand() {}

    @Override
    public Integer call() {
        System.out.println(ModelFile.write(model, output));
        return CommandLine.ExitCode.OK;
    }
}
