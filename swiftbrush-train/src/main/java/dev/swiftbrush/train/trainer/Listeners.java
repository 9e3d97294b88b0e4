package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.TrainingListener;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells several listeners in turn; what one throws is logged and keeps nothing from the others. */
public record Listeners(List<TrainingListener> all) implements TrainingListener {
    private static final Logger log = LoggerFactory.getLogger(Listeners.class);

    public Listeners {
        all = List.copyOf(all);
    }

    @Override
    public void stage(String stage, long done, long total) {
        tell(each -> each.stage(stage, done, total));
    }

    @Override
    public void stepCompleted(StepMetrics metrics) {
        tell(each -> each.stepCompleted(metrics));
    }

    @Override
    public void samplesWritten(Path png, long step) {
        tell(each -> each.samplesWritten(png, step));
    }

    @Override
    public void checkpointSaved(Path folder, long step) {
        tell(each -> each.checkpointSaved(folder, step));
    }

    @Override
    public void warning(String message, long step) {
        tell(each -> each.warning(message, step));
    }

    @Override
    public void finished(Path result, long step) {
        tell(each -> each.finished(result, step));
    }

    private void tell(Consumer<TrainingListener> event) {
        for (TrainingListener listener : all) {
            try {
                event.accept(listener);
            } catch (RuntimeException e) {
                log.warn("A listener failed; the training goes on", e);
            }
        }
    }
}
