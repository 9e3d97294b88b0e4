package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.train.reference.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tiny decoder learns what the decoder of a tiny checkpoint makes. */
class DecoderDistillationTest {
    private static final int SIZE = 64;

    @TempDir
    Path folder;

    private Path prompts = Path.of("");

    @BeforeEach
    void writePrompts() throws IOException {
        prompts = Files.writeString(folder.resolve("prompts.txt"), "a red dot\na blue dot\na house\n");
    }

    @Test
    void makesADecoderThatTheRuntimeOpens() throws Exception {
        List<Double> losses = new ArrayList<>();
        DecoderDistillationResult result = distillation()
                .settings(settings(60, LearningRateSchedule.COSINE))
                .output(folder.resolve("run"))
                .sampleEvery(60)
                .listener(new TrainingListener() {
                    @Override
                    public void stepCompleted(StepMetrics metrics) {
                        losses.add(metrics.values().get("loss/l1"));
                    }
                })
                .build()
                .run();

        assertThat(losses.get(59)).isLessThan(0.8 * losses.get(0));
        assertThat(folder.resolve("run/samples/step-00000060.png")).isNotEmptyFile();
        assertThat(result.decoder().resolve("README.md")).content().contains("PSNR of", "dB", "blocks [1, 1");

        double psnr = psnr(result.decoder());
        assertThat(psnr)
                .as("of another prompt and seed, about that of the run: %s", result.psnr())
                .isBetween(result.psnr() - 5, result.psnr() + 5);
    }

    @Test
    void isBetterThanOneThatHasNotLearned() throws Exception {
        DecoderDistillationResult first = distillation()
                .settings(settings(1, LearningRateSchedule.CONSTANT))
                .output(folder.resolve("first"))
                .build()
                .run();
        DecoderDistillationResult later = distillation()
                .settings(settings(60, LearningRateSchedule.CONSTANT))
                .output(folder.resolve("later"))
                .build()
                .run();

        assertThat(later.psnr()).isGreaterThan(first.psnr() + 2);
    }

    @Test
    void goesOnToTheSameWeights() throws Exception {
        Path whole = distillation()
                .settings(settings(4, LearningRateSchedule.CONSTANT))
                .output(folder.resolve("whole"))
                .build()
                .run()
                .decoder();
        distillation()
                .settings(settings(2, LearningRateSchedule.CONSTANT))
                .output(folder.resolve("halves"))
                .build()
                .run();
        Path halves = distillation()
                .settings(settings(4, LearningRateSchedule.CONSTANT))
                .output(folder.resolve("halves"))
                .resume(true)
                .build()
                .run()
                .decoder();

        assertThat(halves.resolve("diffusion_pytorch_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("diffusion_pytorch_model.safetensors"));
    }

    @Test
    void aRunWithAnotherDecoderIsNotResumed() throws Exception {
        DecoderDistillation.Builder run = distillation()
                .settings(settings(1, LearningRateSchedule.CONSTANT))
                .output(folder.resolve("run"))
                .resume(true);
        run.build().run();

        assertThatThrownBy(() -> run.channels(9).build().run())
                .hasMessageContaining(" is of another training: it has ");
    }

    @Test
    void refusesACheckpointThatDoesNotSayHowItDrawsInOneStep() {
        DecoderDistillation distillation = DecoderDistillation.builder()
                .checkpoint(Golden.folder("sd2"))
                .prompts(prompts)
                .settings(settings(1, LearningRateSchedule.CONSTANT))
                .output(folder.resolve("run"))
                .build();

        assertThatThrownBy(distillation::run)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("call recipe(...)");
    }

    @Test
    void refusesARecipeWithAGuidanceScaleThatTheUNetDoesNotTake() {
        DecoderDistillation distillation =
                distillation().recipe("lcm").output(folder.resolve("run")).build();

        assertThatThrownBy(distillation::run)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("embeds a guidance scale");
    }

    @Test
    void refusesWhatIsOutOfRange() {
        DecoderDistillation.Builder builder = distillation().output(folder);

        assertThatThrownBy(() -> builder.channels(0).build()).hasMessage("channels must be from 1 to 1024, but were 0");
        assertThatThrownBy(() -> builder.channels(8).blocks(65).build())
                .hasMessage("blocks must be from 1 to 64, but were 65");
        assertThatThrownBy(() -> DecoderDistillation.builder().build()).hasMessage("checkpoint(...) was not called");
        DecoderDistillation odd = distillation()
                .settings(PretrainingSettings.builder().width(48).height(64).build())
                .output(folder.resolve("run"))
                .build();
        assertThatThrownBy(odd::run)
                .hasMessage("width and height must be multiples of 32 for this checkpoint, but were 48 and 64");
    }

    private DecoderDistillation.Builder distillation() {
        return DecoderDistillation.builder()
                .checkpoint(Golden.folder("sd2"))
                .recipe("swiftbrush")
                .prompts(prompts)
                .settings(settings(1, LearningRateSchedule.CONSTANT))
                .channels(8)
                .blocks(1)
                .threads(1)
                .sampleEvery(0);
    }

    private static PretrainingSettings settings(long steps, LearningRateSchedule schedule) {
        return PretrainingSettings.builder()
                .steps(steps)
                .batchSize(2)
                .width(SIZE)
                .height(SIZE)
                .learningRate(1e-2)
                .schedule(schedule)
                .emaDecay(0)
                .build();
    }

    /** Of a picture that the runtime draws with the decoder, against one with the model's own. */
    private double psnr(Path decoder) {
        GenerationRequest request = GenerationRequest.of("a tree").withSeed(3).withSize(SIZE, SIZE);
        SwiftBrush.Builder builder = SwiftBrush.builder()
                .model(Golden.folder("sd2"))
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(folder.resolve("cache"))
                .warmUp(false);
        byte[] own;
        try (SwiftBrush brush = builder.build()) {
            own = brush.generate(request).rgb();
        }
        byte[] tiny;
        try (SwiftBrush brush = builder.decoder(decoder).build()) {
            tiny = brush.generate(request).rgb();
        }
        double squares = 0;
        for (int i = 0; i < own.length; i++) {
            double difference = Byte.toUnsignedInt(own[i]) - Byte.toUnsignedInt(tiny[i]);
            squares += difference * difference;
        }
        return 10 * Math.log10(255.0 * 255 * own.length / squares);
    }
}
