package dev.swiftbrush.train.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.PretrainingSettings;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.PromptEmbeddings;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.reference.Golden;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Steps of pretraining against an independent program in PyTorch (tools/reference/pretrain.py): losses, gradient norms,
 * weights and their averages follow it to 1e-4 of their norms.
 */
class ReferencePretrainingTest {
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path folder;

    private final Checkpoint checkpoint = Golden.checkpoint("sd2");

    @BeforeAll
    static void load() {
        Torch.start(1);
    }

    /** A task wants pictures when it is made; the reference's own come after that. */
    @BeforeEach
    void drawAPicture() throws IOException {
        BufferedImage picture = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        ImageIO.write(picture, "png", folder.resolve("black.png").toFile());
        Files.writeString(folder.resolve("metadata.jsonl"), "{\"file_name\": \"black.png\", \"text\": \"night\"}\n");
    }

    @ParameterizedTest
    @CsvSource({"unet-epsilon, false", "unet-epsilon, true", "unet-v, false"})
    void aUNetFollowsTheReference(String name, boolean recomputes) {
        Golden golden = Golden.of("pretraining/" + name);
        Recorded recorded = new Recorded(Golden.of("pretraining/unet-inputs"));
        JsonNode settings = golden.json().get("settings");
        JsonFile scheduler = JsonFile.read(Golden.folder("sd2").resolve("scheduler/scheduler_config.json"));
        scheduler.root().set("prediction_type", settings.get("prediction"));
        UNetTask task = new UNetTask(
                checkpoint,
                NoiseSchedule.of(scheduler),
                settings(settings).build(),
                means(recomputes),
                images(),
                new NoCaptions(),
                recorded);

        for (int step = 0; step < golden.json().get("steps").size(); step++) {
            Map<String, Double> values = new LinkedHashMap<>();
            try (Region region = Region.open()) {
                values.put("loss/unet", task.learn(recorded.tensor("x0", step), recorded.batch(step)));
            }
            assertThat(task.trainee().update(step, values)).isTrue();

            assertStep(golden, step, values, Map.of("loss", "loss/unet", "gradient_norm", "grad_norm/unet"));
            assertWeights(golden, step, task.trainee());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"autoencoder", "autoencoder-edges"})
    void anAutoencoderFollowsTheReference(String name) {
        Golden golden = Golden.of("pretraining/" + name);
        Recorded recorded = new Recorded(Golden.of("pretraining/autoencoder-inputs"));
        JsonNode settings = golden.json().get("settings");
        FlatTensor weights =
                Networks.load(checkpoint.vaeWeights(), checkpoint.autoencoder().weights(), TorchDevice.cpu());
        AutoencoderTask task = new AutoencoderTask(
                checkpoint.autoencoder(),
                weights,
                settings(settings)
                        .l1Weight(settings.get("l1_weight").asDouble())
                        .mseWeight(settings.get("mse_weight").asDouble())
                        .edgeWeight(settings.get("edge_weight").asDouble())
                        .klWeight(settings.get("kl_weight").asDouble())
                        .build(),
                means(false),
                images(),
                recorded);

        for (int step = 0; step < golden.json().get("steps").size(); step++) {
            Map<String, Double> values = new LinkedHashMap<>();
            try (Region region = Region.open()) {
                task.learn(step, 0, recorded.tensor("pictures", step), values);
            }
            assertThat(task.trainee().update(step, values)).isTrue();

            Map<String, String> names = Map.of(
                    "loss", "loss/autoencoder",
                    "l1", "loss/l1",
                    "mse", "loss/mse",
                    "kl", "loss/kl",
                    "gradient_norm", "grad_norm/autoencoder");
            assertStep(golden, step, values, names);
            assertWeights(golden, step, task.trainee());
        }
    }

    private static void assertStep(Golden golden, int step, Map<String, Double> values, Map<String, String> names) {
        names.forEach((theirs, ours) -> {
            double wanted = golden.json().get("steps").get(step).get(theirs).asDouble();
            assertThat(values.get(ours))
                    .as("%s of step %d", theirs, step)
                    .isCloseTo(wanted, within(TOLERANCE * Math.abs(wanted)));
        });
    }

    private static void assertWeights(Golden golden, int step, Trainee trainee) {
        for (String each : golden.names()) {
            String[] parts = each.split("\\.", 3); // kind, number, name
            if (!parts[1].equals(String.valueOf(step + 1)) || parts[0].equals("step")) {
                continue;
            }
            FlatTensor weights = parts[0].equals("ema")
                    ? trainee.result()
                    : trainee.parameters().master();
            assertThat(Golden.distance(weights.view(parts[2]).toFloats(), golden.floats(each)))
                    .as(each)
                    .isLessThan(TOLERANCE);
        }
    }

    private static PretrainingSettings.Builder settings(JsonNode settings) {
        return PretrainingSettings.builder()
                .steps(10)
                .batchSize(2)
                .width(64)
                .height(64)
                .learningRate(settings.get("learning_rate").asDouble())
                .adamBeta1(settings.get("beta1").asDouble())
                .adamBeta2(settings.get("beta2").asDouble())
                .adamEps(settings.get("adam_eps").asDouble())
                .gradientClip(settings.get("clip").asDouble())
                .emaDecay(settings.get("ema_decay").asDouble());
    }

    private static Means means(boolean recomputes) {
        return new Means(TorchDevice.cpu(), DType.F32, recomputes, false);
    }

    private CaptionedImages images() {
        return CaptionedImages.read(folder, 64, 64, 0xFFFFFF);
    }

    /** What the reference drew, {@code [steps, batch, ...]}. */
    private record Recorded(Golden inputs) implements Draws {

        /** All of one step. */
        TorchTensor tensor(String name, int step) {
            long[] sizes = inputs.sizes(name);
            float[] all = inputs.floats(name);
            int count = (int) (all.length / sizes[0]);
            float[] values = Arrays.copyOfRange(all, step * count, (step + 1) * count);
            return TorchTensor.of(values, TorchDevice.cpu(), Arrays.copyOfRange(sizes, 1, sizes.length));
        }

        Batch batch(int step) {
            long[] sizes = inputs.sizes("prompt_embeds"); // [prompts, N, D]
            int count = (int) (sizes[1] * sizes[2]);
            float[] all = inputs.floats("prompt_embeds");
            int size = (int) inputs.sizes("prompts")[1];
            float[] states = new float[size * count];
            for (int i = 0; i < size; i++) {
                System.arraycopy(all, inputs.integers("prompts")[step * size + i] * count, states, i * count, count);
            }
            TorchTensor hidden = TorchTensor.of(states, TorchDevice.cpu(), size, sizes[1], sizes[2]);
            return new Batch(this, TorchDevice.cpu(), step, 0, hidden, inputs.tensor("empty_embeds"));
        }

        private int at(String name, long step, long sample) {
            return (int) (step * inputs.sizes(name)[1] + sample);
        }

        @Override
        public float[] normal(Use use, long step, long sample, int count) {
            int from = at("noise", step, sample) * count;
            return Arrays.copyOfRange(inputs.floats("noise"), from, from + count);
        }

        @Override
        public int integer(Use use, long step, long sample, int low, int high) {
            return inputs.integers("t")[at("t", step, sample)];
        }

        @Override
        public boolean chance(Use use, long step, long sample, double probability) {
            return inputs.integers("empty")[at("empty", step, sample)] == 1;
        }
    }

    /** In the place of captions, which the recorded batches do not come from. */
    private static final class NoCaptions implements PromptEmbeddings {
        @Override
        public int count() {
            return 1;
        }

        @Override
        public int tokens() {
            return 9;
        }

        @Override
        public int width() {
            return 18;
        }

        @Override
        public void read(int[] indices, FloatBuffer out) {
            throw new AssertionError("no caption was wanted");
        }

        @Override
        public void readEmptyPrompt(FloatBuffer out) {
            out.put(new float[tokens() * width()]);
        }

        @Override
        public void close() {}
    }
}
