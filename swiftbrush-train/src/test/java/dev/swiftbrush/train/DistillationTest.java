package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.Device;
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
