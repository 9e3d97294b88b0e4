package dev.swiftbrush.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.report.RunFiles;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.MovingAverage;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.trainer.Listeners;
import dev.swiftbrush.train.trainer.Means;
import dev.swiftbrush.train.trainer.Task;
import dev.swiftbrush.train.trainer.Trainee;
import dev.swiftbrush.train.trainer.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/** What all kinds of training have in common: a loop in a folder, and the files that tell of it. */
record TrainingRun(TrainingBuilder<?> options) {

    /** How networks are computed. */
    Means means() {
        return new Means(
                device(options.device), options.precision.type(), options.gradientCheckpointing, options.averageOnCpu);
    }

    private static TorchDevice device(Device device) {
        if (device instanceof Device.Cuda cuda) {
            return TorchDevice.cuda(cuda.index());
        }
        return device instanceof Device.Auto && TorchDevice.hasCuda() ? TorchDevice.cuda(0) : TorchDevice.cpu();
    }

    /**
     * Trains to the end, writes everything down, and exports what was learned.
     *
     * @param settings what the report shows
     * @param identity what must be the same when the run is resumed
     * @param export writes the result and says where it lies
     */
    Path train(Task task, ObjectNode settings, String identity, long steps, Supplier<Path> export)
            throws InterruptedException {
        Path output = Objects.requireNonNull(options.output);
        TrainingLoop.Terms terms = new TrainingLoop.Terms(
                output,
                identity,
                steps,
                options.checkpointEvery,
                options.keepCheckpoints,
                options.sampleEvery,
                options.resume);
        try (TrainingLoop loop = TrainingLoop.open(task, terms);
                RunFiles files = RunFiles.open(output, settings, loop.completed())) {
            List<TrainingListener> all = new ArrayList<>(options.listeners);
            all.add(0, files);
            Listeners listeners = new Listeners(all);
            loop.run(listeners, files::grid);
            Path result = export.get();
            listeners.finished(result, steps);
            return result;
        }
    }

    /** What is exported of a network. */
    FlatTensor exported(Trainee trainee) {
        MovingAverage average = trainee.average();
        return average != null && options.exportAverage
                ? average.average()
                : trainee.parameters().master();
    }

    /** What it is exported as. */
    DType exportType() {
        return options.exportHalf ? DType.F16 : DType.F32;
    }

    /** One hash over the contents of files. */
    static String fingerprint(List<Path> files) {
        Sha256 hash = new Sha256();
        for (Path file : files) {
            try {
                hash.text(Sha256.of(file));
            } catch (IOException e) {
                throw StorageException.cannotRead(file, e);
            }
        }
        return hash.hex();
    }
}
