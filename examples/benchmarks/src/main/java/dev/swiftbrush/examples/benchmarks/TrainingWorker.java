package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.Precision;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.trainer.DistillationTask;
import dev.swiftbrush.train.trainer.Means;
import dev.swiftbrush.train.trainer.PromptBatches;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Trains for a few steps in a process of its own and prints a line of figures for each. */
final class TrainingWorker {

    private TrainingWorker() {}

    /** Arguments: checkpoint, steps, batch, threads, precision, whether blocks are recomputed, size in pixels. */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]);
        int steps = Integer.parseInt(arguments[1]);
        int batch = Integer.parseInt(arguments[2]);
        Precision precision = Precision.valueOf(arguments[4].toUpperCase(Locale.ROOT));
        boolean recomputes = Boolean.parseBoolean(arguments[5]);
        int size = Integer.parseInt(arguments[6]);
        Torch.start(Integer.parseInt(arguments[3]));
        Checkpoint checkpoint = Checkpoint.open(folder, false);
        DistillationSettings settings = DistillationSettings.builder()
                .steps(steps)
                .batchSize(batch)
                .accumulation(1)
                .width(size)
                .height(size)
                .build();
        DistillationTask task = new DistillationTask(
                checkpoint,
                NoiseSchedule.of(JsonFile.read(folder.resolve("scheduler/scheduler_config.json"))),
                settings,
                new Means(TorchDevice.cpu(), precision.type(), recomputes, false),
                new RandomPrompts(checkpoint.unet().config().crossAttentionDim()),
                null);
        for (int step = 0; step < steps; step++) {
            long begun = System.nanoTime();
            Map<String, Double> values = new TreeMap<>(task.step(step));
            values.put("seconds", (System.nanoTime() - begun) / 1e9);
            values.put("resident_mb", Torch.residentBytes() / 1e6);
            System.out.println("STEP " + values);
        }
    }

    /** Hidden states as good as any. */
    private record RandomPrompts(int width) implements PromptBatches {
        private static final int TOKENS = 77;

        @Override
        public Batch batch(long step, long first, int size) {
            SeededDraws draws = new SeededDraws(0);
            float[] states = draws.normal(Use.SAMPLE, step, first, size * TOKENS * width);
            float[] empty = draws.normal(Use.SAMPLE, -1, 0, TOKENS * width);
            TorchDevice cpu = TorchDevice.cpu();
            return new Batch(
                    draws,
                    cpu,
                    step,
                    first,
                    TorchTensor.of(states, cpu, size, TOKENS, width),
                    TorchTensor.of(empty, cpu, 1, TOKENS, width));
        }

        @Override
        public long epoch(long step) {
            return 0;
        }
    }
}
