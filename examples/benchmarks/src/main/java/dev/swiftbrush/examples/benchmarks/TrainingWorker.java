package dev.swiftbrush.examples.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.Precision;
import dev.swiftbrush.train.memory.MemoryEstimate;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Trains for a few steps in a process of its own and prints figures as {@code tools/reference/train_speed.py} does. */
final class TrainingWorker {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PART = "seconds/";
    private static final int WARM_UP = 2;

    private TrainingWorker() {}

    /** Arguments: checkpoint, steps, batch, threads, precision, whether blocks are recomputed, width of the latents. */
    public static void main(String[] arguments) throws JsonProcessingException {
        Path folder = Path.of(arguments[0]);
        int steps = Integer.parseInt(arguments[1]);
        int batch = Integer.parseInt(arguments[2]);
        Precision precision = Precision.valueOf(arguments[4].toUpperCase(Locale.ROOT));
        boolean recomputes = Boolean.parseBoolean(arguments[5]);
        Torch.start(Integer.parseInt(arguments[3]));
        Checkpoint checkpoint = Checkpoint.open(folder, false);
        int size = Integer.parseInt(arguments[6])
                * checkpoint.autoencoder().config().scale();
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
        List<Map<String, Double>> all = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            long begun = System.nanoTime();
            Map<String, Double> values = new TreeMap<>(task.step(step));
            values.put("seconds", (System.nanoTime() - begun) / 1e9);
            all.add(values);
            System.out.println("STEP " + JSON.writeValueAsString(values));
        }
        System.out.println(
                "END " + JSON.writeValueAsString(end(all, estimate(checkpoint, settings, precision, recomputes))));
    }

    private static Map<String, Object> end(List<Map<String, Double>> steps, MemoryEstimate estimate) {
        List<Map<String, Double>> kept = steps.size() > WARM_UP ? steps.subList(WARM_UP, steps.size()) : steps;
        Map<String, Double> parts = new TreeMap<>();
        for (String name : kept.get(0).keySet()) {
            if (name.startsWith(PART)) {
                parts.put(name.substring(PART.length()), median(kept, name));
            }
        }
        Map<String, Object> end = new LinkedHashMap<>();
        end.put("median_seconds", median(kept, "seconds"));
        end.put("median_parts", parts);
        end.put("peak_mb", Machine.peakBytes().orElse(0) / 1e6);
        end.put("estimate_mb", estimate.bytes() / 1e6);
        end.put("libtorch", "%s with %s".formatted(Torch.version(), Torch.blas()));
        return end;
    }

    private static double median(List<Map<String, Double>> steps, String name) {
        double[] sorted =
                steps.stream().mapToDouble(step -> step.get(name)).sorted().toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    private static MemoryEstimate estimate(
            Checkpoint checkpoint, DistillationSettings settings, Precision precision, boolean recomputes) {
        int scale = checkpoint.autoencoder().config().scale();
        return MemoryEstimate.of(
                checkpoint.unet(),
                settings,
                settings.width() / scale,
                settings.height() / scale,
                RandomPrompts.TOKENS,
                precision.type(),
                recomputes,
                true,
                false);
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
