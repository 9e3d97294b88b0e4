package dev.swiftbrush.train.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Denoiser;
import dev.swiftbrush.train.objective.SeededDraws;
import dev.swiftbrush.train.objective.Teacher;
import dev.swiftbrush.train.reference.Golden;
import dev.swiftbrush.train.sampler.Ddim;
import dev.swiftbrush.train.sampler.DpmSolverPlusPlus2M;
import dev.swiftbrush.train.sampler.Sampler;
import dev.swiftbrush.train.sampler.Spacing;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A tiny teacher drawn with in ten steps under guidance, against diffusers' schedulers: 1e-4 of the latents' norm. */
class TeacherSamplingTest {
    private final Golden golden = Golden.of("samplers/network");

    @BeforeAll
    static void load() {
        Torch.start(1);
    }

    static Stream<Arguments> samplers() {
        return Stream.of(
                Arguments.of("ddim", new Ddim(Spacing.LEADING, false)),
                Arguments.of("dpm", new DpmSolverPlusPlus2M(Spacing.LINSPACE, true)));
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void drawsTheReferencesLatents(String name, Sampler sampler) {
        Checkpoint checkpoint = Golden.checkpoint("sd2");
        NoiseSchedule schedule =
                NoiseSchedule.of(JsonFile.read(Golden.folder("sd2").resolve("scheduler/scheduler_config.json")));
        TorchDevice cpu = TorchDevice.cpu();
        Denoiser denoiser = new Denoiser(checkpoint.unet(), schedule, schedule.prediction(), cpu, DType.F32);
        TorchWeights weights = TorchWeights.frozen(
                Networks.load(checkpoint.unetWeights(), checkpoint.unet().weights(), cpu));
        Batch prompt = new Batch(
                new SeededDraws(0), cpu, 0, 0, golden.tensor("encoder_hidden_states"), golden.tensor("empty"));
        double guidance = golden.json().get("guidance").asDouble();

        TorchTensor latents = new TeacherSampling(new Teacher(denoiser, weights), sampler, 10, guidance)
                .sample(golden.tensor("x"), prompt);

        float[] all = golden.floats(name); // the latents after each step
        float[] last = Arrays.copyOfRange(all, all.length - all.length / 10, all.length);
        assertThat(Golden.distance(latents.toFloats(), last)).isLessThan(1e-4);
    }
}
