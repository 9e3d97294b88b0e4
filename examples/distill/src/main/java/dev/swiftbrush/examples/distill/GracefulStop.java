package dev.swiftbrush.examples.distill;

import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.TrainingListener;
import java.util.concurrent.CountDownLatch;

/**
 * Ends a run between two steps when the process is asked to end, by ctrl-C for instance, and keeps the process until the run
 * has saved itself. Before the first step there is nothing to save, and the process ends at once. Opened and closed by the
 * thread that trains.
 */
final class GracefulStop implements TrainingListener, AutoCloseable {

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook = new Thread(this::stop, "graceful-stop");

    private volatile boolean training;
    private volatile boolean stopping;

    GracefulStop() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Interrupts the thread here alone, where it writes no file: an interrupt closes files that are being written. */
    @Override
    public void stepCompleted(StepMetrics step) {
        training = true;
        if (stopping) {
            Thread.currentThread().interrupt();
        }
    }

    /** What happens when the process is asked to end. */
    void stop() {
        stopping = true;
        if (!training) {
            return;
        }
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the process is ending
        }
    }
}
