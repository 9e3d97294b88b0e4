package dev.swiftbrush.train.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;
import dev.swiftbrush.train.reference.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Against diffusers' schedulers (tools/reference/samplers.py), with a formula in the place of the UNet. The tolerance is what
 * single precision, in which DPMSolverMultistepScheduler computes, leaves of latents of size 1 after 25 steps.
 */
class SamplerTest {
    private static final double TOLERANCE = 1e-5;
    private static final Golden GOLDEN = Golden.of("samplers/formula");

    private final NoiseSchedule schedule =
            NoiseSchedule.of(JsonFile.read(Golden.folder("sd2").resolve("scheduler/scheduler_config.json")));

    static Stream<JsonNode> cases() {
        return StreamSupport.stream(GOLDEN.json().get("cases").spliterator(), false);
    }

    static Stream<JsonNode> timesteps() {
        return StreamSupport.stream(GOLDEN.json().get("timesteps").spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void drawsWhatDiffusersDraws(JsonNode golden) {
        Prediction prediction = golden.get("prediction").asText().equals("epsilon") ? Prediction.EPSILON : Prediction.V;
        List<SamplingStep> steps =
                sampler(golden).steps(schedule, prediction, golden.get("steps").asInt());

        assertTimesteps(steps, golden);
        float[] expected = GOLDEN.floats(golden.get("name").asText());
        float[] noise = GOLDEN.floats("x");
        for (int i = 0; i < noise.length; i++) {
            assertThat(draw(steps, noise[i])).as("value %d", i).isCloseTo(expected[i], within(TOLERANCE));
        }
    }

    @ParameterizedTest
    @MethodSource("timesteps")
    void spreadsTimestepsAsDiffusersDoes(JsonNode golden) {
        assertTimesteps(
                sampler(golden)
                        .steps(schedule, Prediction.EPSILON, golden.get("steps").asInt()),
                golden);
    }

    @Test
    void estimatesTheSampleOfAModelThatPredictsIt() {
        for (SamplingStep step : new Ddim(Spacing.TRAILING, true).steps(schedule, Prediction.SAMPLE, 4)) {
            assertThat(step.x0OfSample()).isEqualTo(0);
            assertThat(step.x0OfOutput()).isEqualTo(1);
        }
    }

    @Test
    void takesOneTrailingStepFromPureNoiseToTheEstimate() {
        assertThat(new Ddim(Spacing.TRAILING, true).steps(schedule, Prediction.SAMPLE, 1))
                .containsExactly(new SamplingStep(999, 0, 1, 0, 1, 0));
    }

    @Test
    void refusesStepsThatAreNotPositive() {
        assertThatThrownBy(() -> new Ddim(Spacing.TRAILING, true).steps(schedule, Prediction.EPSILON, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("steps must be positive, but were 0");
    }

    @Test
    void refusesMoreStepsThanTimesteps() {
        assertThatThrownBy(
                        () -> new Ddim(Spacing.TRAILING, true).steps(schedule, Prediction.EPSILON, Integer.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("2147483647 steps do not fit into 1000 timesteps with TRAILING spacing; take fewer");
    }

    @Test
    void refusesAStepBeyondTheLastTimestep() {
        assertThatThrownBy(() -> new Ddim(Spacing.LEADING, true).steps(schedule, Prediction.EPSILON, 1000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("1000 steps do not fit into 1000 timesteps with LEADING spacing; take fewer");
    }

    @Test
    void refusesAModelThatPredictsAVelocity() {
        assertThatThrownBy(() -> new Ddim(Spacing.TRAILING, true).steps(schedule, Prediction.VELOCITY, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "samplers take a UNet that predicts epsilon, v or the sample, but this one predicts a velocity");
    }

    @Test
    void refusesAScheduleThatAddsNoNoise(@TempDir Path folder) throws IOException {
        Path config = Files.writeString(
                folder.resolve("scheduler_config.json"),
                "{\"beta_start\": 1e-12, \"beta_end\": 1e-12, \"beta_schedule\": \"linear\"}");
        NoiseSchedule noiseless = NoiseSchedule.of(JsonFile.read(config));

        assertThatThrownBy(() -> new Ddim(Spacing.TRAILING, true).steps(noiseless, Prediction.EPSILON, 4))
                .isInstanceOf(ModelException.class)
                .hasMessage("alphaCumprod at timestep 999 is 1.0; samplers need it between 0 and 1");
    }

    private static Sampler sampler(JsonNode golden) {
        Spacing spacing = Spacing.valueOf(golden.get("spacing").asText().toUpperCase(Locale.ROOT));
        return switch (golden.get("sampler").asText()) {
            case "ddim" -> new Ddim(spacing, golden.path("set_alpha_to_one").asBoolean());
            case "dpm" ->
                new DpmSolverPlusPlus2M(
                        spacing, golden.path("final_sigmas_type").asText().equals("zero"));
            default -> throw new AssertionError(golden);
        };
    }

    private static void assertTimesteps(List<SamplingStep> steps, JsonNode golden) {
        assertThat(steps.stream().map(SamplingStep::timestep))
                .containsExactlyElementsOf(
                        StreamSupport.stream(golden.get("timesteps").spliterator(), false)
                                .map(JsonNode::asInt)
                                .toList());
    }

    /** Samples one value with what the reference took for a network. */
    private static double draw(List<SamplingStep> steps, double noise) {
        double x = noise;
        double before = 0;
        for (SamplingStep step : steps) {
            int t = step.timestep();
            double output = 0.3 * x + 0.1 * Math.sin(0.01 * t) + 0.2 * Math.sin(x + 0.003 * t);
            double x0 = step.x0OfSample() * x + step.x0OfOutput() * output;
            x = step.sample() * x + step.x0() * x0 + step.previousX0() * before;
            before = x0;
        }
        return x;
    }
}
