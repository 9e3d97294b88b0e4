package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.train.TrainingJvm;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line of the emoji model. */
@Command(
        name = "swiftbrush-emoji",
        description = "Prepares what the emoji model learns from, and measures how well it draws.",
        subcommands = {
            PrepareCommand.class,
            TrainEncoderCommand.class,
            EvaluateCommand.class,
            DrawCommand.class,
            CommandLine.HelpCommand.class
        },
        mixinStandardHelpOptions = true,
        versionProvider = Miniature.Version.class,
        showDefaultValues = true,
        sortOptions = false,
        scope = ScopeType.INHERIT)
public final class Miniature implements Runnable {

    /** A subcommand that needs libtorch, and so a JVM started as libtorch needs it. */
    interface Training {}

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"SwiftBrush " + SwiftBrush.version()};
        }
    }

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets what is annotated
    Miniature() {}

    /** Runs a command; see {@code --help}. */
    public static void main(String[] args) {
        System.exit(start(args));
    }

    /** Returns what the program exits with: 0, or 1 for a failure, or 2 for a wrong command line. */
    static int start(String... args) {
        CommandLine line = commandLine();
        line.setExecutionStrategy(parsed -> execute(parsed, args));
        return line.execute(args);
    }

    private static int execute(ParseResult parsed, String... args) {
        boolean trains =
                parsed.hasSubcommand() && parsed.subcommand().commandSpec().userObject() instanceof Training;
        if (trains && CommandLine.executeHelpRequest(parsed) == null && !TrainingJvm.isThisOne()) {
            try {
                return TrainingJvm.run(Miniature.class, List.of(args), null);
            } catch (InterruptedException | SwiftBrushException e) {
                return failed(e, parsed.subcommand().commandSpec().commandLine());
            }
        }
        TrainingJvm.endWithParent();
        return new CommandLine.RunLast().execute(parsed);
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Miniature());
        line.setParameterExceptionHandler((wrong, given) -> refused(wrong));
        line.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, command));
        return line;
    }

    /** Without a subcommand there is nothing to do but to say which there are. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
    }

    private static int refused(ParameterException wrong) {
        CommandLine command = wrong.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().printf(Locale.ROOT, "%s%nTry: %s --help%n", wrong.getMessage(), name);
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception failure, CommandLine command) {
        command.getErr().printf(Locale.ROOT, "%s: %s%n", command.getCommandName(), failure.getMessage());
        if (!(failure instanceof SwiftBrushException || failure instanceof IllegalArgumentException)) {
            failure.printStackTrace(command.getErr());
        }
        return failure instanceof IllegalArgumentException ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
    }
}
