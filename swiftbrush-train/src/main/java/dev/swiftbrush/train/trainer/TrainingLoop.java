package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.DivergedException;
import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.TrainingListener;
import dev.swiftbrush.train.checkpoint.CheckpointFolder;
import dev.swiftbrush.train.checkpoint.CheckpointFolder.Saved;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.torch.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a {@link Task} from its last checkpoint to its end; one process at a time has a run open. Use from one thread. */
public final class TrainingLoop implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TrainingLoop.class);

    private final Task task;
    private final Terms terms;
    private final CheckpointFolder checkpoints;
    private final long first;
    private long peak;

    /**
     * What a run is about.
     *
     * @param folder of the run; its checkpoints and samples are folders in it
     * @param identity in words; a checkpoint of another is refused
     * @param steps of the whole run
     * @param checkpointEvery steps between checkpoints; 0 for one at the end alone
     * @param keepCheckpoints how many stay
     * @param sampleEvery steps between grids of samples; 0 for none
     * @param resume whether a run that was begun is gone on with; if not, one is refused
     */
    public record Terms(
            Path folder,
            String identity,
            long steps,
            long checkpointEvery,
            int keepCheckpoints,
            long sampleEvery,
            boolean resume) {}

    private TrainingLoop(Task task, Terms terms, CheckpointFolder checkpoints, long first) {
        this.task = task;
        this.terms = terms;
        this.checkpoints = checkpoints;
        this.first = first;
    }

    /**
     * Opens a run and puts the networks of {@code task} where it left off.
     *
     * @throws dev.swiftbrush.SwiftBrushException if the run was begun and is not to be resumed, is another's, or another
     *     process has it open
     */
    public static TrainingLoop open(Task task, Terms terms) {
        CheckpointFolder checkpoints =
                CheckpointFolder.open(terms.folder().resolve("checkpoints"), terms.keepCheckpoints());
        try {
            return new TrainingLoop(task, terms, checkpoints, resume(task, terms, checkpoints));
        } catch (RuntimeException | Error e) {
            checkpoints.close();
            throw e;
        }
    }

    private static long resume(Task task, Terms terms, CheckpointFolder checkpoints) {
        Optional<Saved> latest = checkpoints.latest();
        if (latest.isEmpty()) {
            return 0;
        }
        if (!terms.resume()) {
            throw new StorageException(
                    "%s holds a run that was begun; resume it or name another folder".formatted(terms.folder()));
        }
        long step = TrainingState.load(latest.get().folder(), terms.identity(), task.trainees());
        log.info("Resuming after step {} from {}", step, latest.get().folder());
        return step;
    }

    /** Steps that were completed before. */
    public long completed() {
        return first;
    }

    /**
     * Trains.
     *
     * @param listener told on this thread; must not throw
     * @param grids where the sample grid of a step is to be written
     * @throws InterruptedException if the thread was interrupted; a checkpoint was saved after the last whole step
     * @throws DivergedException if a number was not finite; what the step computed, and the weights before it, lie in
     *     {@code diverged-<step>} in the run's folder
     */
    public void run(TrainingListener listener, LongFunction<Path> grids) throws InterruptedException {
        if (first == 0 && terms.sampleEvery() > 0) {
            drawSamples(0, listener, grids);
        }
        Pace pace = new Pace(first, terms.steps(), task.samplesPerStep());
        for (long step = first; step < terms.steps(); step++) {
            Map<String, Double> values = step(step);
            long done = step + 1;
            listener.stepCompleted(metrics(done, values, pace));
            boolean last = done == terms.steps();
            boolean interrupted = Thread.interrupted(); // lest it close the channels that a checkpoint is written to
            if (last || interrupted || isDue(terms.checkpointEvery(), done)) {
                save(done, listener);
            }
            if (terms.sampleEvery() > 0 && (last || isDue(terms.sampleEvery(), done))) {
                drawSamples(done, listener, grids);
            }
            if (interrupted) {
                throw new InterruptedException(
                        "interrupted after step %d of %d, which was saved".formatted(done, terms.steps()));
            }
        }
    }

    /** Lets another process open the run. */
    @Override
    public void close() {
        checkpoints.close();
    }

    private static boolean isDue(long every, long done) {
        return every > 0 && done % every == 0;
    }

    private Map<String, Double> step(long step) {
        try {
            return task.step(step);
        } catch (DivergedException e) {
            throw withEvidence(step, e);
        }
    }

    private DivergedException withEvidence(long step, DivergedException e) {
        Path folder = terms.folder().resolve("diverged-" + (step + 1));
        try {
            Files.createDirectories(folder);
            TrainingState.save(folder, step, terms.identity(), task.trainees());
            task.writeEvidence(folder);
            return new DivergedException(e.getMessage() + "; the step is saved in " + folder, e);
        } catch (IOException | RuntimeException failure) {
            e.addSuppressed(failure);
            return e;
        }
    }

    private void save(long done, TrainingListener listener) {
        Saved saved =
                checkpoints.save(done, folder -> TrainingState.save(folder, done, terms.identity(), task.trainees()));
        listener.checkpointSaved(saved.folder(), done);
    }

    private void drawSamples(long done, TrainingListener listener, LongFunction<Path> grids) {
        Path png = grids.apply(done);
        task.drawSamples(png);
        listener.samplesWritten(png, done);
    }

    private StepMetrics metrics(long done, Map<String, Double> values, Pace pace) {
        Duration last = pace.step(done);
        long resident = Torch.residentBytes();
        peak = Math.max(peak, resident);
        return new StepMetrics(
                done,
                terms.steps(),
                task.epoch(done - 1),
                values,
                last,
                pace.samplesPerSecond(),
                resident,
                peak,
                pace.elapsed(),
                pace.remaining());
    }
}
