package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.DivergedException;
import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.TrainingListener;
import dev.swiftbrush.train.checkpoint.CheckpointFolder;
import dev.swiftbrush.train.checkpoint.CheckpointFolder.Saved;
import dev.swiftbrush.train.torch.Torch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a {@link Task} from its last checkpoint to its end. Use from one thread. */
public final class TrainingLoop {
    private static final Logger log = LoggerFactory.getLogger(TrainingLoop.class);

    private final Task task;
    private final Terms terms;
    private final TrainingListener listener;
    private long peak;

    /**
     * What a run is about.
     *
     * @param folder of the run; its checkpoints and samples are folders in it
     * @param settings in words; a checkpoint of others is refused
     * @param steps of the whole run
     * @param checkpointEvery steps between checkpoints; 0 for one at the end alone
     * @param keepCheckpoints how many stay
     * @param sampleEvery steps between grids of samples; 0 for none
     * @param resume whether a run that was begun is gone on with; if not, one is refused
     */
    public record Terms(
            Path folder,
            String settings,
            long steps,
            long checkpointEvery,
            int keepCheckpoints,
            long sampleEvery,
            boolean resume) {}

    /** @param listener told on this thread; what it throws is logged */
    public TrainingLoop(Task task, Terms terms, TrainingListener listener) {
        this.task = task;
        this.terms = terms;
        this.listener = listener;
    }

    /**
     * Trains.
     *
     * @throws InterruptedException if the thread was interrupted; a checkpoint was saved after the last whole step
     * @throws DivergedException if a number was not finite; what the step computed, and the weights before it, lie in
     *     {@code diverged-<step>} in the run's folder
     */
    public void run() throws InterruptedException {
        try (CheckpointFolder checkpoints =
                CheckpointFolder.open(terms.folder().resolve("checkpoints"), terms.keepCheckpoints())) {
            long first = resume(checkpoints);
            if (first == 0 && terms.sampleEvery() > 0) {
                drawSamples(0);
            }
            Pace pace = new Pace(first, terms.steps(), task.samplesPerStep());
            for (long step = first; step < terms.steps(); step++) {
                Map<String, Double> values = step(step);
                long done = step + 1;
                tell(each -> each.stepCompleted(metrics(done, values, pace)));
                boolean last = done == terms.steps();
                boolean interrupted = Thread.currentThread().isInterrupted();
                if (last || interrupted || isDue(terms.checkpointEvery(), done)) {
                    save(checkpoints, done);
                }
                if (terms.sampleEvery() > 0 && (last || isDue(terms.sampleEvery(), done))) {
                    drawSamples(done);
                }
                if (interrupted && !last) {
                    throw new InterruptedException(
                            "interrupted after step %d of %d, which was saved".formatted(done, terms.steps()));
                }
            }
        }
    }

    private static boolean isDue(long every, long done) {
        return every > 0 && done % every == 0;
    }

    private long resume(CheckpointFolder checkpoints) {
        Optional<Saved> latest = checkpoints.latest();
        if (latest.isEmpty()) {
            return 0;
        }
        if (!terms.resume()) {
            throw new IllegalStateException(
                    "%s holds a run that was begun; resume it or name another folder".formatted(terms.folder()));
        }
        long step = TrainingState.load(latest.get().folder(), terms.settings(), task.trainees());
        log.info("Resuming after step {} from {}", step, latest.get().folder());
        return step;
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
            TrainingState.save(folder, step, terms.settings(), task.trainees());
            task.writeEvidence(folder);
            return new DivergedException(e.getMessage() + "; the step is saved in " + folder, e);
        } catch (IOException | RuntimeException failure) {
            e.addSuppressed(failure);
            return e;
        }
    }

    private void save(CheckpointFolder checkpoints, long done) {
        Saved saved =
                checkpoints.save(done, folder -> TrainingState.save(folder, done, terms.settings(), task.trainees()));
        tell(each -> each.checkpointSaved(saved.folder(), done));
    }

    private void drawSamples(long done) {
        Path folder = terms.folder().resolve("samples");
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Path png = folder.resolve("step-%08d.png".formatted(done));
        task.drawSamples(png);
        tell(each -> each.samplesWritten(png, done));
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

    private void tell(Consumer<TrainingListener> event) {
        try {
            event.accept(listener);
        } catch (RuntimeException e) {
            log.warn("A listener failed; the training goes on", e);
        }
    }
}
