package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.report.HtmlReport;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the report of a run, also of one that still goes on. */
@Command(name = "report", description = "Writes the report of a run anew, finished or not.")
final class ReportCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "RUN", description = "The folder of the run.")
    private Path run;

    @SuppressWarnings("NullAway.Init")
    ReportCommand() {}

    @Override
    public void run() {
        spec.commandLine().getOut().println(HtmlReport.write(run));
    }
}
