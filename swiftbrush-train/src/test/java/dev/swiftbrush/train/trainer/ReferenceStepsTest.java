package dev.swiftbrush.train.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.DistillationSettings.Method;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.reference.Golden;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Ten steps of distillation against an independent program in PyTorch (tools/reference/vsd.py): losses, gradient norms and
 * weights follow it to 1e-4 of their norms, from adapters drawn non-zero.
 */
class ReferenceStepsTest {
    private static final double TOLERANCE = 1e-4;

    private final Golden inputs = Golden.of("distillation/inputs");

    @BeforeAll
    static void load() {
        Torch.start(1);
    }

    @ParameterizedTest
    @CsvSource({
        "vsd, false",
        "vsd, true",
        "vsd-lora-guidance-1, false",
        "vsd-v, false",
        "vsd-v, true",
        "sds, false",
        "sds, true"
    })
    void followTheReference(String name, boolean recomputes) {
        Golden golden = Golden.of("distillation/" + name);
        DistillationTask task = task(golden.json().get("settings"), recomputes);

        JsonNode steps = golden.json().get("steps");
        for (int step = 0; step < steps.size(); step++) {
            Map<String, Double> values = task.step(step);
            JsonNode wanted = steps.get(step);
            assertClose(values.get("loss/student"), wanted, "student_loss", step);
            assertClose(values.get("grad_norm/student"), wanted, "student_gradient_norm", step);
            if (task.lora() != null) {
                assertClose(values.get("loss/lora"), wanted, "lora_loss", step);
                assertClose(values.get("grad_norm/lora"), wanted, "lora_gradient_norm", step);
            }
            assertWeights(golden, "after." + (step + 1) + ".", task);
        }
    }

    private static void assertClose(double value, JsonNode step, String name, int number) {
        double wanted = step.get(name).asDouble();
        assertThat(value).as("%s of step %d", name, number).isCloseTo(wanted, within(TOLERANCE * Math.abs(wanted)));
    }

    private static void assertWeights(Golden golden, String prefix, DistillationTask task) {
        for (String each : golden.names()) {
            if (each.startsWith(prefix)) {
                String name = each.substring(prefix.length());
                FlatTensor weights = name.contains("lora_")
                        ? task.lora().parameters().master()
                        : task.student().parameters().master();
                assertThat(Golden.distance(weights.view(name).toFloats(), golden.floats(each)))
                        .as(each)
                        .isLessThan(TOLERANCE);
            }
        }
    }

    private DistillationTask task(JsonNode settings, boolean recomputes) {
        Checkpoint checkpoint = Golden.checkpoint("sd2");
        int scale = checkpoint.autoencoder().config().scale();
        long[] latents = inputs.sizes("z"); // [steps, batch, C, h, w]
        DistillationSettings.Builder builder = DistillationSettings.builder()
                .method(Method.valueOf(settings.get("objective").asText().toUpperCase(java.util.Locale.ROOT)))
                .steps(latents[0])
                .batchSize((int) latents[1])
                .accumulation(1)
                .width((int) latents[4] * scale)
                .height((int) latents[3] * scale)
                .guidanceScale(settings.get("guidance").asDouble())
                .loraGuidanceScale(settings.get("lora_guidance").asDouble())
                .studentLearningRate(settings.get("learning_rate").asDouble())
                .loraLearningRate(settings.get("lora_learning_rate").asDouble())
                .loraRank(settings.get("rank").asInt())
                .loraAlpha(settings.get("lora_alpha").asDouble())
                .gradientClip(settings.get("clip").asDouble())
                .emaDecay(settings.get("ema_decay").asDouble());
        JsonFile scheduler = JsonFile.read(Golden.folder("sd2").resolve("scheduler/scheduler_config.json"));
        scheduler.root().set("prediction_type", settings.get("prediction"));
        NoiseSchedule schedule = NoiseSchedule.of(scheduler);
        DistillationTask task = new DistillationTask(
                checkpoint,
                schedule,
                builder.build(),
                new Means(TorchDevice.cpu(), DType.F32, recomputes, false),
                new Recorded(),
                null);
        if (task.lora() != null) {
            FlatTensor adapters = task.lora().parameters().master();
            adapters.names().forEach(name -> adapters.set(name, inputs.floats("lora." + name)));
        }
        return task;
    }

    /** Prompts and random numbers that the reference had. */
    private final class Recorded implements PromptBatches, Draws {
        private final int batch = (int) inputs.sizes("z")[1];

        @Override
        public Batch batch(long step, long first, int size) {
            int[] prompts = inputs.integers("prompts");
            long[] sizes = inputs.sizes("prompt_embeds"); // [prompts, N, D]
            int count = (int) (sizes[1] * sizes[2]);
            float[] all = inputs.floats("prompt_embeds");
            float[] states = new float[size * count];
            for (int i = 0; i < size; i++) {
                System.arraycopy(all, prompts[(int) step * batch + i] * count, states, i * count, count);
            }
            TorchTensor hidden = TorchTensor.of(states, TorchDevice.cpu(), size, sizes[1], sizes[2]);
            return new Batch(this, TorchDevice.cpu(), step, first, hidden, inputs.tensor("empty_embeds"));
        }

        @Override
        public long epoch(long step) {
            return 0;
        }

        @Override
        public float[] normal(Use use, long step, long sample, int count) {
            String name = switch (use) {
                case LATENTS -> "z";
                case NOISE -> "noise";
                case ADAPTER_NOISE -> "lora_noise";
                default -> throw new AssertionError(use);
            };
            float[] values = new float[count];
            System.arraycopy(inputs.floats(name), (int) (step * batch + sample) * count, values, 0, count);
            return values;
        }

        @Override
        public int integer(Use use, long step, long sample, int low, int high) {
            String name = use == Use.TIMESTEP ? "t" : "lora_t";
            return inputs.integers(name)[(int) (step * batch + sample)];
        }

        @Override
        public boolean chance(Use use, long step, long sample, double probability) {
            return inputs.integers("lora_empty")[(int) (step * batch + sample)] == 1;
        }
    }
}
