package dev.swiftbrush.examples.distill;

import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.train.TrainingJvm;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line. What needs libtorch runs in a JVM of its own, started as libtorch needs it. */
@Command(
        name = "swiftbrush-train",
        description =
                "Distils a Stable Diffusion checkpoint into a student that draws in one step, or makes such a checkpoint.",
        subcommands = {
            DistilCommand.class,
            NewCheckpointCommand.class,
            PretrainCommand.class,
            DecoderCommand.class,
            EmbedCommand.class,
            SampleCommand.class,
            ReportCommand.class,
            PackCommand.class,
            CommandLine.HelpCommand.class
        },
        mixinStandardHelpOptions = true,
        versionProvider = Distill.Version.class,
        abbreviateSynopsis = true,
        showDefaultValues = true,
        sortOptions = false,
        scope = ScopeType.INHERIT)
public final class Distill implements Runnable {

    /** A subcommand that trains. */
    interface Training {}

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"SwiftBrush " + SwiftBrush.version()};
        }
    }

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--max-heap",
            paramLabel = "SIZE",
            scope = ScopeType.INHERIT,
            description =
                    "Java's share of the memory, such as 4g, for commands that train; libtorch takes its own beside it.")
    private @Nullable String maxHeap;

    @Option(
            names = "--stack-traces",
            scope = ScopeType.INHERIT,
            description = "Print where in the program an error comes from.")
    private boolean stackTraces;

    @SuppressWarnings("NullAway.Init") // picocli sets what is annotated
    Distill() {}

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

    static CommandLine commandLine() {
        Distill distill = new Distill();
        CommandLine line = new CommandLine(distill);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((wrong, given) -> refused(wrong));
        line.setExecutionExceptionHandler((failure, command, parsed) -> distill.failed(failure, command));
        return line;
    }

    /** Without a subcommand there is nothing to do but to say which there are. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
    }

    private static int execute(ParseResult parsed, String... args) {
        Distill distill = (Distill) parsed.commandSpec().userObject();
        if (CommandLine.executeHelpRequest(parsed) != null) {
            return CommandLine.ExitCode.OK;
        }
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        if (last.commandSpec().userObject() instanceof Training && !TrainingJvm.isThisOne()) {
            try {
                return TrainingJvm.run(Distill.class, List.of(args), distill.maxHeap);
            } catch (InterruptedException | SwiftBrushException | IllegalArgumentException e) {
                return distill.failed(e, last.commandSpec().commandLine());
            }
        }
        TrainingJvm.endWithParent();
        return new CommandLine.RunLast().execute(parsed);
    }

    /** The usage would push the message off the screen. */
    private static int refused(ParameterException wrong) {
        CommandLine command = wrong.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().printf(Locale.ROOT, "%s%nTry: %s --help%n", wrong.getMessage(), name);
        return CommandLine.ExitCode.USAGE;
    }

    private int failed(Exception failure, CommandLine command) {
        boolean foreseen = failure instanceof SwiftBrushException
                || failure instanceof IllegalArgumentException
                || failure instanceof IllegalStateException
                || failure instanceof InterruptedException;
        command.getErr().printf(Locale.ROOT, "%s: %s%n", command.getCommandName(), failure.getMessage());
        if (stackTraces || !foreseen) {
            failure.printStackTrace(command.getErr());
        }
        return failure instanceof IllegalArgumentException ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
    }
}
