package dev.swiftbrush.train.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.objective.Denoiser;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.reference.Golden;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import dev.swiftbrush.train.trainer.Networks;
import dev.swiftbrush.train.trainer.Painter;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DrawerTest {
    private static final Path FOLDER = Golden.folder("sd2");
    private static final int SIZE = 64;

    private static int tokens;
    private static float[] empty = {};
    private static float[] states = {};

    @BeforeAll
    static void encode() {
        Torch.start(1);
        try (TextEncoder encoder = TextEncoder.open(FOLDER, Device.cpu())) {
            tokens = encoder.tokens();
            empty = encoded(encoder, List.of(""));
            states = encoded(encoder, List.of("a red heart", "a cat"));
        }
    }

    /** The formula itself, (z - sigma epsilon) / alpha; rounding may differ by a level. */
    @Test
    void aStudentDrawsInOneStepFromTheLastTimestep() {
        List<byte[]> drawn = Drawer.student(FOLDER, empty, tokens).draw(states, 7, 0, SIZE);

        Checkpoint checkpoint = Checkpoint.open(FOLDER, false);
        NoiseSchedule schedule = NoiseSchedule.of(JsonFile.read(FOLDER.resolve("scheduler/scheduler_config.json")));
        TorchDevice cpu = TorchDevice.cpu();
        Denoiser denoiser = new Denoiser(checkpoint.unet(), schedule, schedule.prediction(), cpu, DType.F32);
        TorchWeights weights = TorchWeights.frozen(
                Networks.load(checkpoint.unetWeights(), checkpoint.unet().weights(), cpu));
        int side = SIZE / checkpoint.autoencoder().config().scale();
        int channels = checkpoint.unet().config().inChannels();
        for (int i = 0; i < 2; i++) {
            try (NoGrad noGrad = NoGrad.begin()) {
                TorchTensor noise = TorchTensor.of(
                        new SeededDraws(7).normal(Use.SAMPLE, 0, i, channels * side * side),
                        cpu,
                        1,
                        channels,
                        side,
                        side);
                TorchTensor prompt = TorchTensor.of(states, cpu, 2, tokens, empty.length / tokens)
                        .narrow(0, i, 1);
                byte[] expected = new Painter(checkpoint, cpu)
                        .paint(denoiser.generate(weights, noise, schedule.timesteps() - 1, prompt))
                        .get(0);
                assertThat(greatestDifference(drawn.get(i), expected)).isLessThanOrEqualTo(1);
            }
        }
    }

    @Test
    void aPictureDependsOnItsNumberAndItsSeedAlone() {
        Drawer drawer = Drawer.teacher(FOLDER, empty, tokens, 3, 2);
        float[] second = java.util.Arrays.copyOfRange(states, empty.length, states.length);

        byte[] together = drawer.draw(states, 7, 0, SIZE).get(1);

        assertThat(greatestDifference(drawer.draw(second, 7, 1, SIZE).get(0), together))
                .isLessThanOrEqualTo(1);
        assertThat(greatestDifference(drawer.draw(second, 8, 1, SIZE).get(0), together))
                .isGreaterThan(10);
    }

    private static float[] encoded(TextEncoder encoder, List<String> prompts) {
        FloatBuffer out = FloatBuffer.allocate(prompts.size() * encoder.tokens() * encoder.width());
        encoder.encode(prompts, out);
        return out.array();
    }

    private static int greatestDifference(byte[] a, byte[] b) {
        int greatest = 0;
        for (int i = 0; i < a.length; i++) {
            greatest = Math.max(greatest, Math.abs((a[i] & 0xFF) - (b[i] & 0xFF)));
        }
        return greatest;
    }
}
