package dev.swiftbrush.train.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.runtime.weights.AtomicFile;
import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.TrainingListener;
import dev.swiftbrush.train.files.StorageException;
import java.awt.Dimension;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes down how a run goes, into its folder. Use from one thread.
 *
 * <ul>
 *   <li>{@code metrics.jsonl}: an object for each step;
 *   <li>{@code events.jsonl}: an object for each start, stage, sample grid, checkpoint, warning and end;
 *   <li>{@code tensorboard/}: event files with the same figures and the grids;
 *   <li>{@code settings.json};
 *   <li>{@code samples/}: the sample grids, which the trainer writes, where {@link #grid} says;
 *   <li>{@code report.html}: written by {@link #close()}, however the run ended.
 * </ul>
 *
 * A resumed run goes on with the files, without what they say of the steps that are done again. NaN and the infinities are
 * strings in the JSON files: {@code "NaN"}, {@code "Infinity"}, {@code "-Infinity"}.
 */
public final class RunFiles implements TrainingListener, AutoCloseable {

    private final RunFolder folder;
    private final InstantSource clock;
    private final JsonLines metrics;
    private final JsonLines events;
    private final TensorBoardEvents tensorBoard;
    private long completedSteps;
    private boolean closed;

    private RunFiles(
            RunFolder folder,
            long completedSteps,
            InstantSource clock,
            JsonLines metrics,
            JsonLines events,
            TensorBoardEvents tensorBoard) {
        this.folder = folder;
        this.completedSteps = completedSteps;
        this.clock = clock;
        this.metrics = metrics;
        this.events = events;
        this.tensorBoard = tensorBoard;
        event("started", completedSteps, "");
    }

    /**
     * Starts or goes on with the files of a run.
     *
     * @param run a folder, which is made if it is not there
     * @param settings what the run was asked for, as the report shows it; may be nested
     * @param completedSteps the step that the run goes on from; 0 for a new one, which overwrites an older one's files
     * @throws SwiftBrushException if a file cannot be written, or gone on with because a line of it is damaged
     */
    public static RunFiles open(Path run, ObjectNode settings, long completedSteps) {
        return open(run, settings, completedSteps, Clock.systemUTC());
    }

    static RunFiles open(Path run, ObjectNode settings, long completedSteps, InstantSource clock) {
        RunFolder folder = new RunFolder(run);
        try {
            Files.createDirectories(folder.samples());
        } catch (IOException e) {
            throw StorageException.cannotWrite(folder.samples(), e);
        }
        AtomicFile.write(folder.settings(), settings.toPrettyString().getBytes(StandardCharsets.UTF_8));
        JsonLines metrics = JsonLines.resume(folder.metrics(), completedSteps);
        try {
            JsonLines events = JsonLines.resume(folder.events(), completedSteps);
            try {
                TensorBoardEvents board = TensorBoardEvents.create(folder.tensorBoard(), completedSteps, clock);
                return new RunFiles(folder, completedSteps, clock, metrics, events, board);
            } catch (RuntimeException e) {
                events.close();
                throw e;
            }
        } catch (RuntimeException e) {
            metrics.close();
            throw e;
        }
    }

    /** Where the sample grid of a step is to be written, before {@link #samplesWritten} is called. */
    public Path grid(long step) {
        return folder.grid(step);
    }

    @Override
    public void stepCompleted(StepMetrics step) {
        completedSteps = step.step();
        ObjectNode line = JsonLines.object(step.step());
        line.put("time", now());
        line.put("total_steps", step.totalSteps());
        line.put("epoch", step.epoch());
        ObjectNode values = line.putObject("values");
        step.values().forEach((name, value) -> JsonLines.put(values, name, value));
        line.put("step_seconds", seconds(step.stepTime()));
        line.put("samples_per_second", step.samplesPerSecond());
        line.put("rss_bytes", step.residentBytes());
        line.put("peak_rss_bytes", step.peakResidentBytes());
        line.put("elapsed_seconds", seconds(step.elapsed()));
        line.put("remaining_seconds", seconds(step.remaining()));
        metrics.write(line);

        Map<String, Double> scalars = new LinkedHashMap<>(step.values());
        scalars.put("run/step_seconds", seconds(step.stepTime()));
        scalars.put("run/samples_per_second", step.samplesPerSecond());
        scalars.put("run/rss_bytes", (double) step.residentBytes());
        tensorBoard.scalars(step.step(), scalars);
    }

    @Override
    public void stage(String stage, long done, long total) {
        if (done == 0 || done == total) {
            event("stage", completedSteps, "%s: %d of %d".formatted(stage, done, total));
        }
    }

    @Override
    public void samplesWritten(Path png, long step) {
        try {
            Dimension size = GridFile.size(png);
            tensorBoard.image("samples", step, size.width, size.height, Files.readAllBytes(png));
        } catch (IOException e) {
            throw StorageException.cannotRead(png, e);
        }
        event("samples", step, name(png));
    }

    @Override
    public void checkpointSaved(Path checkpoint, long step) {
        event("checkpoint", step, name(checkpoint));
    }

    @Override
    public void warning(String message, long step) {
        event("warning", step, message);
    }

    @Override
    public void finished(Path result, long step) {
        event("finished", step, name(result));
    }

    /** Writes the report and closes the files. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (metrics;
                events;
                tensorBoard) {
            HtmlReport.write(folder.path());
        }
    }

    private void event(String kind, long step, String text) {
        events.write(
                JsonLines.object(step).put("time", now()).put("event", kind).put("text", text));
    }

    private String now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private static String name(Path path) {
        Path name = path.getFileName();
        return name == null ? path.toString() : name.toString();
    }
}
