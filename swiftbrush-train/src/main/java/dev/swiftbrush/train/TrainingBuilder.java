package dev.swiftbrush.train;

import dev.swiftbrush.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Collects what every kind of training needs: where it runs, what it computes in, and what it leaves on the way.
 *
 * @param <B> the builder itself
 */
public abstract class TrainingBuilder<B extends TrainingBuilder<B>> {
    @Nullable
    Path output;

    Device device = Device.auto();
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors());
    Precision precision = Precision.F32;
    boolean gradientCheckpointing;
    boolean averageOnCpu;
    boolean deterministic;
    long checkpointEvery = 500;
    int keepCheckpoints = 2;
    long sampleEvery = 500;
    boolean resume;
    boolean exportAverage = true;
    boolean exportHalf;
    final List<TrainingListener> listeners = new ArrayList<>();

    TrainingBuilder() {}

    abstract B self();

    /** The folder of the run, which is made if it is not there. */
    public B output(Path folder) {
        this.output = Objects.requireNonNull(folder, "folder");
        return self();
    }

    /** Where networks are trained; by default on the first GPU that libtorch can use, else on the CPU. */
    public B device(Device device) {
        this.device = Objects.requireNonNull(device, "device");
        return self();
    }

    /** Threads that libtorch computes with on the CPU; by default one for each processor. */
    public B threads(int threads) {
        this.threads = threads;
        return self();
    }

    /** What networks compute in; by default single precision. */
    public B precision(Precision precision) {
        this.precision = Objects.requireNonNull(precision, "precision");
        return self();
    }

    /** Whether blocks are run a second time in the backward pass instead of being kept; takes time, saves memory. */
    public B gradientCheckpointing(boolean on) {
        this.gradientCheckpointing = on;
        return self();
    }

    /** Whether the average of weights lies in the CPU's memory while they are on a GPU. */
    public B averageOnCpu(boolean on) {
        this.averageOnCpu = on;
        return self();
    }

    /**
     * Whether libtorch may only use algorithms that give the same bits every time; an operation that has none on the device then
     * fails. On the CPU a run gives the same bits without it, if the number of threads is the same.
     */
    public B deterministic(boolean on) {
        this.deterministic = on;
        return self();
    }

    /** Steps from one checkpoint to the next, and how many of them stay; 0 saves one at the end alone. By default 500 and 2. */
    public B checkpoints(long every, int keep) {
        this.checkpointEvery = every;
        this.keepCheckpoints = keep;
        return self();
    }

    /** Steps from one grid of sample pictures to the next; 0 draws none. By default 500. */
    public B sampleEvery(long steps) {
        this.sampleEvery = steps;
        return self();
    }

    /** Whether to go on with a run that was begun in this folder; if not, one is refused. */
    public B resume(boolean on) {
        this.resume = on;
        return self();
    }

    /** Whether what is exported is the average of weights, if one was kept, rather than their last state. By default it is. */
    public B exportAverage(boolean on) {
        this.exportAverage = on;
        return self();
    }

    /** Whether weights are exported in half precision. By default in single. */
    public B exportHalf(boolean on) {
        this.exportHalf = on;
        return self();
    }

    /** Adds somebody who is told how the run goes. */
    public B listener(TrainingListener listener) {
        this.listeners.add(Objects.requireNonNull(listener, "listener"));
        return self();
    }

    void check() {
        Require.that(threads >= 1, "threads must be at least 1, but was %d", threads);
        Require.that(checkpointEvery >= 0, "checkpoints must be at least 0 steps apart, but were %d", checkpointEvery);
        Require.that(keepCheckpoints >= 1, "at least 1 checkpoint must be kept, but were %d", keepCheckpoints);
        Require.that(sampleEvery >= 0, "sampleEvery must be at least 0, but was %d", sampleEvery);
        Require.that(
                precision != Precision.F16 || !(device instanceof Device.Cpu),
                "f16 cannot be trained with on the CPU; take bf16 or f32");
    }
}
