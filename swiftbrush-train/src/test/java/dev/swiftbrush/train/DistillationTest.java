package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.train.reference.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole distillation on a tiny checkpoint. */
class DistillationTest {
    @TempDir
    Path folder;

    @Test
    void leavesCheckpointsMetricsAndPictures() throws Exception {
        List<StepMetrics> told = new ArrayList<>();

        distillation(settings(4).build())
                .listener(new TrainingListener() {
                    @Override
                    public void stepCompleted(StepMetrics metrics) {
                        told.add(metrics);
                    }
                })
                .sampleEvery(2)
                .checkpoints(2, 2)
                .build()
                .run();

        assertThat(told).extracting(StepMetrics::step).containsExactly(1L, 2L, 3L, 4L);
        assertThat(told.get(3).values()).containsKeys("loss/student", "loss/lora", "grad_norm/student", "lr/lora");
        assertThat(folder.resolve("run/checkpoints/step-00000002/student.safetensors"))
                .exists();
        assertThat(folder.resolve("run/checkpoints/step-00000004/lora.adam_square.safetensors"))
                .exists();
        assertThat(folder.resolve("run/samples/step-00000004.png")).exists();
        assertThat(folder.resolve("run/report.html")).exists();
        assertThat(folder.resolve("run/pytorch_lora_weights.safetensors")).exists();
    }

    @Test
    void leavesAStudentThatTheRuntimeDrawsWith() throws Exception {
        DistillationResult result =
                distillation(settings(2).build()).sampleEvery(0).build().run();

        try (SwiftBrush brush = SwiftBrush.builder()
                .model(result.student())
                .device(Device.cpu())
                .build()) {
            GeneratedImage image = brush.generate(GenerationRequest.of("a cat").withSize(64, 64));

            assertThat(image.width()).isEqualTo(64);
            assertThat(brush.model().recipe()).isEqualTo("swiftbrush-distilled");
        }
    }

    /** Stopped after any step and gone on with, the weights are the same to the last bit. */
    @Test
    void goesOnAsIfItHadNeverStopped() throws Exception {
        distillation(settings(5).build()).sampleEvery(0).build().run();
        byte[] whole = Files.readAllBytes(weights("run"));

        TrainingListener stop = new TrainingListener() {
            @Override
            public void stepCompleted(StepMetrics metrics) {
                if (metrics.step() == 2) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        Path other = folder.resolve("other");
        assertThatThrownBy(() -> distillation(settings(5).build())
                        .output(other)
                        .sampleEvery(0)
                        .listener(stop)
                        .build()
                        .run())
                .isInstanceOf(InterruptedException.class)
                .hasMessage("interrupted after step 2 of 5, which was saved");
        distillation(settings(5).build())
                .output(other)
                .sampleEvery(0)
                .resume(true)
                .build()
                .run();

        assertThat(Files.readAllBytes(weights("other"))).isEqualTo(whole);
        assertThat(Files.readAllLines(other.resolve("metrics.jsonl"))).hasSize(5);
    }

    @Test
    void refusesATeacherWithATinyAutoencoder() throws Exception {
        Distillation distillation = distillation(settings(1).build())
                .teacher(Golden.folder("taesd"))
                .build();

        assertThatThrownBy(distillation::run)
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The autoencoder of %s is an AutoencoderTiny, which only decodes here; an AutoencoderKL is needed",
                        Golden.folder("taesd"));
        assertThat(folder.resolve("run/embeddings")).doesNotExist();
    }

    @Test
    void stopsBeforeNumbersThatAreNotFiniteReachTheWeights() throws Exception {
        Distillation distillation = distillation(
                        settings(5).studentLearningRate(1e30).loraSteps(1).build())
                .sampleEvery(0)
                .build();

        assertThatThrownBy(distillation::run)
                .isInstanceOf(DivergedException.class)
                .hasMessageMatching(
                        "the student's latents are not finite in step \\d; lower the learning rates or guidance, or take bf16 or f32 instead of f16; the step is saved in .*diverged-\\d");
        assertThat(Files.list(folder.resolve("run"))
                        .map(path -> path.getFileName().toString()))
                .anyMatch(name -> name.startsWith("diverged-"));
    }

    @Test
    void refusesToGoOnWithOtherSettings() throws Exception {
        distillation(settings(1).build()).sampleEvery(0).build().run();

        assertThatThrownBy(() -> distillation(settings(2).guidanceScale(7).build())
                        .resume(true)
                        .build()
                        .run())
                .isInstanceOf(SwiftBrushException.class)
                .hasMessageContaining("is of another training");
        assertThatThrownBy(() -> distillation(settings(2).build()).build().run())
                .isInstanceOf(SwiftBrushException.class)
                .hasMessage(folder.resolve("run") + " holds a run that was begun; resume it or name another folder");
    }

    private Path weights(String run) {
        return folder.resolve(run).resolve("checkpoints/step-00000005/student.safetensors");
    }

    private static DistillationSettings.Builder settings(long steps) {
        return DistillationSettings.builder()
                .steps(steps)
                .batchSize(2)
                .accumulation(2)
                .width(64)
                .height(64)
                .loraRank(4);
    }

    private Distillation.Builder distillation(DistillationSettings settings) throws IOException {
        Path prompts = folder.resolve("prompts.txt");
        Files.writeString(prompts, "a cat\na dog\na red bird\na blue house\na green tree\n");
        return Distillation.builder()
                .teacher(Golden.folder("sd2"))
                .prompts(prompts)
                .output(folder.resolve("run"))
                .settings(settings)
                .device(Device.cpu())
                .threads(1);
    }
}
