package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every checkpoint of a folder made by {@code tools/reference/sweep.py}, by hand (tools/reference/README.md): each agrees
 * with its reference in every stage or, if it has settings that Stable Diffusion never uses, is refused by their name.
 */
@EnabledIfSystemProperty(named = "swiftbrush.sweep", matches = ".+")
class SweepTest {
    private static final Logger log = LoggerFactory.getLogger(SweepTest.class);

    /** The largest deviation over all checkpoints, by stage. */
    private static final Map<String, Double> WORST = new TreeMap<>();

    /** The message, without the folder, and how many checkpoints got it. */
    private static final Map<String, Integer> REFUSED = new TreeMap<>();

    /** Unusual settings, and how many checkpoints with them agree with their reference. */
    private static final Map<String, Integer> RARE_AND_RIGHT = new TreeMap<>();

    @TempDir
    Path cache;

    static Stream<Reference> checkpoints() throws IOException {
        try (Stream<Path> folders = Files.list(Path.of(System.getProperty("swiftbrush.sweep")))) {
            List<Path> found = folders.filter(folder -> Files.exists(folder.resolve("reference.json")))
                    .sorted()
                    .toList();
            return found.stream().map(Reference::of);
        }
    }

    @AfterAll
    static void report() {
        WORST.forEach((stage, worst) -> log.info("{}: at most {}", stage, worst));
        RARE_AND_RIGHT.forEach((settings, count) -> log.info("agrees {} times: {}", count, settings));
        REFUSED.forEach((message, count) -> log.info("refused {} times: {}", count, message));
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void agreesWithTheReferenceOrIsRefusedByName(Reference checkpoint) {
        List<String> rare = checkpoint.rareSettings();
        try {
            Checkpoint.open(checkpoint.folder(), false);
        } catch (ModelException refusal) {
            assertThat(rare)
                    .as(refusal.getMessage())
                    .anySatisfy(key -> assertThat(refusal).hasMessageContaining(key));
            assertThatThrownBy(() -> Pictures.open(checkpoint.folder(), "swiftbrush", cache))
                    .isInstanceOf(ModelException.class)
                    .hasMessage(refusal.getMessage());
            REFUSED.merge(refusal.getMessage().replace(checkpoint.folder().toString(), ""), 1, Integer::sum);
            return;
        }
        SoftAssertions stages = new SoftAssertions();
        stage(stages, "moments", Stages.moments(checkpoint), checkpoint.floats("encoder.moments"), 1e-5);
        for (Reference.Case expected : checkpoint.cases()) {
            stages.assertThat(Stages.tokenIds(expected)).as("token ids").isEqualTo(expected.integers("token_ids"));
            double noise = Deviation.largestDifference(Stages.noise(expected), expected.floats("noise"));
            within(stages, "noise", noise, 1e-6);
            stage(
                    stages,
                    "hidden states",
                    Stages.hiddenStates(expected),
                    expected.floats("encoder_hidden_states"),
                    1e-5);
            stage(stages, "epsilon", Stages.epsilon(expected), expected.floats("epsilon"), 1e-5);
            stage(stages, "latents", Stages.latents(expected), expected.floats("latents"), 1e-4);
            stage(stages, "image", Stages.image(expected), expected.floats("image"), 1e-4);
        }
        pictures(stages, checkpoint);
        stages.assertAll();
        if (!rare.isEmpty()) {
            RARE_AND_RIGHT.merge(String.join(", ", rare), 1, Integer::sum);
        }
    }

    private void pictures(SoftAssertions stages, Reference checkpoint) {
        String recipe = checkpoint.cases().get(0).recipe();
        try (SwiftBrush brush = Pictures.open(checkpoint.folder(), recipe, cache)) {
            ImageSize size = brush.model().defaultSize();
            stages.assertThat(size).as("default size").isEqualTo(checkpoint.defaultSize());
            for (Reference.Case expected : checkpoint.cases()) {
                byte[] pixels = Pictures.pixels(brush, expected);
                Pictures.Difference difference = Pictures.difference(pixels, expected.bytes("pixels"));
                within(stages, "pixels, largest", difference.largest(), 1.5);
                within(stages, "pixels, mean", difference.mean(), 0.05);
            }
        }
    }

    private static void stage(SoftAssertions stages, String name, float[] values, float[] reference, double tolerance) {
        within(stages, name, Deviation.largest(values, reference), tolerance);
    }

    private static void within(SoftAssertions stages, String name, double deviation, double tolerance) {
        WORST.merge(name, deviation, Math::max);
        stages.assertThat(deviation).as(name).isLessThan(tolerance);
    }
}
