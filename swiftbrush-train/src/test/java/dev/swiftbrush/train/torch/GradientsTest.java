package dev.swiftbrush.train.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.Checkpoint.Component;
import dev.swiftbrush.runtime.network.Sinusoid;
import dev.swiftbrush.runtime.network.UNetConfig;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.reference.Golden;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks over libtorch against diffusers in PyTorch: what comes out, and the gradients of everything that goes in. The
 * tolerance is 1e-5 of a tensor's norm for outputs; a gradient is allowed what the reference itself moves by in single
 * precision, as recorded with it, or 1e-5 where that is less.
 */
class GradientsTest {
    private static final double TOLERANCE = 1e-5;
    private static final double NORMS = 1e-4; // a weight whose gradients nearly cancel has few digits left

    @BeforeAll
    static void load() {
        Torch.start(1);
    }

    static Stream<Arguments> cases() {
        return Stream.of("sd2", "sd1", "odd")
                .flatMap(name -> Stream.of(false, true).map(recomputes -> Arguments.of(name, recomputes)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ofTheUNetAreTheReferences(String name, boolean recomputes) {
        Golden golden = Golden.of("gradients/" + name + "-unet");
        Checkpoint checkpoint = Golden.checkpoint(name);
        Parameters parameters =
                parameters(checkpoint.unetWeights(), checkpoint.unet().weights());
        TorchTensor timesteps =
                sinusoids(golden.integers("timesteps"), checkpoint.unet().config());
        TorchTensor sample = golden.tensor("sample").leaf();
        TorchTensor states = golden.tensor("encoder_hidden_states").leaf();

        check(
                golden,
                parameters,
                recomputes,
                (scope, unused) -> checkpoint.unet().predict(scope, sample, timesteps, null, states));

        assertGradient(golden, "sample", sample.grad());
        assertGradient(golden, "encoder_hidden_states", states.grad());
    }

    static Stream<Arguments> decoders() {
        return Stream.concat(cases(), Stream.of(Arguments.of("taesd", false), Arguments.of("taesd", true)));
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void ofTheDecoderAreTheReferences(String name, boolean recomputes) {
        Golden golden = Golden.of("gradients/" + name + "-decoder");
        Checkpoint checkpoint = Golden.checkpoint(name);
        Parameters parameters =
                parameters(checkpoint.vaeWeights(), checkpoint.decoder().weights());
        TorchTensor latents = golden.tensor("latents").leaf();

        check(
                golden,
                parameters,
                recomputes,
                (scope, unused) -> checkpoint.decoder().decode(scope, latents));

        assertGradient(golden, "latents", latents.grad());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ofTheEncoderAreTheReferences(String name, boolean recomputes) {
        Golden golden = Golden.of("gradients/" + name + "-encoder");
        Checkpoint checkpoint = Golden.checkpoint(name);
        Parameters parameters =
                parameters(checkpoint.vaeWeights(), checkpoint.autoencoder().weights());
        TorchTensor image = golden.tensor("image").leaf();

        check(
                golden,
                parameters,
                recomputes,
                (scope, unused) -> checkpoint.autoencoder().encode(scope, image));

        assertGradient(golden, "image", image.grad());
    }

    private static void check(
            Golden golden, Parameters parameters, boolean recomputes, BiFunction<Scope, Void, Tensor> network) {
        Tape tape = new Tape(recomputes);
        TorchTensor output =
                (TorchTensor) network.apply(Scope.of(parameters.weights().on(tape)), null);
        tape.backward(output, golden.tensor("upstream"));

        assertThat(Golden.distance(output.toFloats(), golden.floats("output")))
                .as("output")
                .isLessThan(TOLERANCE);
        golden.names().stream()
                .filter(each -> each.startsWith("gradient.") && each.contains(".weight") | each.contains(".bias"))
                .forEach(each -> assertGradient(
                        golden,
                        each.substring("gradient.".length()),
                        parameters.gradient(each.substring("gradient.".length()))));
        golden.json().path("gradients").fields().forEachRemaining(entry -> {
            double norm = entry.getValue().get(0).asDouble();
            assertThat(norm(parameters.gradient(entry.getKey()).toFloats()))
                    .as("norm of the gradient of %s", entry.getKey())
                    .isCloseTo(norm, within(NORMS * norm + 1e-6));
        });
    }

    private static void assertGradient(Golden golden, String name, TorchTensor gradient) {
        assertThat(Golden.distance(gradient.toFloats(), golden.floats("gradient." + name)))
                .as("gradient of %s", name)
                .isLessThan(2 * TOLERANCE);
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    static TorchTensor sinusoids(int[] timesteps, UNetConfig config) {
        int width = config.levels().get(0).channels();
        float[] rows = new float[timesteps.length * width];
        for (int i = 0; i < timesteps.length; i++) {
            System.arraycopy(Sinusoid.timestep(timesteps[i], config), 0, rows, i * width, width);
        }
        return TorchTensor.of(rows, TorchDevice.cpu(), timesteps.length, width);
    }

    private static Parameters parameters(Component component, Map<String, Shape> shapes) {
        FlatTensor flat = FlatTensor.zeros(shapes, TorchDevice.cpu(), DType.F32);
        try (MappedWeights mapped = new MappedWeights()) {
            shapes.keySet()
                    .forEach(name ->
                            flat.set(name, mapped.floats(component.tensors().get(name))));
        }
        return new Parameters(flat, DType.F32, false);
    }
}
