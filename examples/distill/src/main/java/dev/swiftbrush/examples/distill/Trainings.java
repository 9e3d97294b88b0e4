package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.TrainingBuilder;
import dev.swiftbrush.train.report.ConsoleProgress;
import picocli.CommandLine;

/** Runs trainings with a progress bar; ctrl-C ends one with a checkpoint. */
final class Trainings {

    /** Builds a training and runs it. */
    interface Run<B> {
        void run(B training) throws InterruptedException;
    }

    private Trainings() {}

    /**
     * Runs a training.
     *
     * @return what the program exits with
     */
    static <B extends TrainingBuilder<B>> int run(String command, B training, Run<B> run) {
        try (GracefulStop stop = new GracefulStop()) {
            return watched(command, training.listener(stop), run);
        }
    }

    /** Says how to go on before the process, which {@link GracefulStop} holds up, is gone. */
    private static <B extends TrainingBuilder<B>> int watched(String command, B training, Run<B> run) {
        try (ConsoleProgress progress = ConsoleProgress.on(System.out)) {
            run.run(training.listener(progress));
            return CommandLine.ExitCode.OK;
        } catch (InterruptedException e) {
            System.err.println(command + ": " + e.getMessage() + "; go on with the same options and --resume");
            return CommandLine.ExitCode.SOFTWARE;
        }
    }
}
