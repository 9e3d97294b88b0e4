package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.Device;
import dev.swiftbrush.train.reference.Golden;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run killed with SIGKILL at random moments, three times, ends with the weights of one that was not. */
class KilledDistillationTest {
    private static final int STEPS = 40;
    private static final int KILLS = 3;

    @TempDir
    Path folder;

    @Test
    @Timeout(300)
    void endsWithTheSameWeightsToTheLastBit() throws Exception {
        Files.writeString(folder.resolve("prompts.txt"), "a cat\na dog\na red bird\na blue house\na green tree\n");
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 1; i <= KILLS; i++) {
            Process process = start("killed");
            awaitStep(process, STEPS * i / (KILLS + 1));
            Thread.sleep(random.nextInt(300));
            process.destroyForcibly().waitFor();
        }
        finish(start("killed"));
        finish(start("whole"));

        for (String file : List.of("student", "student.adam_mean", "student.adam_square", "student.ema", "lora")) {
            assertThat(checkpoint("killed", file))
                    .as("%s after kills drawn with seed %d", file, seed)
                    .hasSameBinaryContentAs(checkpoint("whole", file));
        }
        assertThat(Files.readAllLines(folder.resolve("killed/metrics.jsonl"))).hasSize(STEPS);
    }

    private Path checkpoint(String run, String file) {
        return folder.resolve("%s/checkpoints/step-%08d/%s.safetensors".formatted(run, STEPS, file));
    }

    /** Waits until the run has saved a checkpoint of {@code step} or a later one. */
    private void awaitStep(Process process, int step) throws IOException, InterruptedException {
        Path checkpoints = folder.resolve("killed/checkpoints");
        while (process.isAlive()) {
            if (Files.isDirectory(checkpoints)) {
                try (Stream<Path> children = Files.list(checkpoints)) {
                    if (children.map(child -> child.getFileName().toString())
                            .filter(name -> name.matches("step-\\d{8}"))
                            .anyMatch(name -> Integer.parseInt(name.substring(5)) >= step)) {
                        return;
                    }
                }
            }
            Thread.sleep(20);
        }
        throw new AssertionError("the run ended before it could be killed: " + Files.readString(folder.resolve("log")));
    }

    private void finish(Process process) throws IOException, InterruptedException {
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("log")))
                .isZero();
    }

    private Process start(String run) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-Dorg.bytedeco") || argument.startsWith("--enable-native"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx512m", "-cp", System.getProperty("java.class.path"), Child.class.getName()));
        command.addAll(List.of(folder.toString(), run));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Redirect.to(folder.resolve("log").toFile()))
                .start();
    }

    /** What is killed. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            Distillation.builder()
                    .teacher(Golden.folder("sd2"))
                    .prompts(folder.resolve("prompts.txt"))
                    .output(folder.resolve(arguments[1]))
                    .settings(DistillationSettings.builder()
                            .steps(STEPS)
                            .batchSize(2)
                            .accumulation(1)
                            .width(64)
                            .height(64)
                            .loraRank(4)
                            .build())
                    .device(Device.cpu())
                    .threads(1)
                    .checkpoints(1, 2)
                    .sampleEvery(0)
                    .resume(true)
                    .build()
                    .run();
        }
    }
}
