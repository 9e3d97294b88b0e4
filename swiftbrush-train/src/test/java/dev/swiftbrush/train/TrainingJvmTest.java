package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TrainingJvmTest {

    @TempDir
    Path folder;

    /** Writes down how it was started, and exits with 7. */
    static final class Told {
        public static void main(String[] args) throws IOException {
            Map<String, String> told = new TreeMap<>();
            told.put("missing", JvmFlags.missing(System::getProperty).toString());
            told.put("complete", Boolean.toString(JvmFlags.areComplete()));
            told.put("this one", Boolean.toString(TrainingJvm.isThisOne()));
            told.put("headless", System.getProperty("java.awt.headless"));
            told.put("small heap", Boolean.toString(Runtime.getRuntime().maxMemory() <= 64 << 20));
            told.put("arguments", List.of(args).subList(1, args.length).toString());
            Files.writeString(
                    Path.of(args[0]),
                    told.entrySet().stream().map(Object::toString).collect(Collectors.joining("\n")));
            System.exit(7);
        }
    }

    /** Says that it runs, and when it is asked to end takes a while to write down that it did. */
    static final class Saving {
        public static void main(String[] args) throws Exception {
            Path folder = Path.of(args[0]);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    Thread.sleep(300);
                    Files.writeString(folder.resolve("saved"), "");
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
            TrainingJvm.endWithParent();
            Files.writeString(folder.resolve("child"), "");
            Thread.sleep(50_000);
        }
    }

    /** Starts {@link Saving} as a command line would. */
    static final class Starter {
        public static void main(String[] args) throws Exception {
            System.exit(TrainingJvm.run(Saving.class, List.of(args), null));
        }
    }

    @Test
    void startsTheOtherJvmAsLibtorchNeedsItAndReturnsItsExitCode() throws Exception {
        Path told = folder.resolve("told");
        List<String> arguments = List.of(told.toString(), "a \"quoted\" prompt", "@file", "back\\slash", "");

        assertThat(TrainingJvm.run(Told.class, arguments, "64m")).isEqualTo(7);
        assertThat(told).hasContent("""
                        arguments=[a "quoted" prompt, @file, back\\slash, ]
                        complete=true
                        headless=true
                        missing=[]
                        small heap=true
                        this one=true""");
    }

    @Test
    void refusesAHeapThatHasNoSize() {
        for (String heap : List.of("", "0", "4x", "-1g", "1g -version")) {
            assertThatThrownBy(() -> TrainingJvm.run(Told.class, List.of(), heap))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("maxHeap must look like 4g or 512m, but was " + heap);
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC}) // elsewhere nothing asks a process to end
    void asksTheOtherJvmToEndAndWaitsUntilItHasSaved() throws Exception {
        Process starter = start();
        starter.destroy();

        assertThat(starter.waitFor()).isEqualTo(143);
        assertThat(folder.resolve("saved")).exists();
        assertThat(folder).isDirectoryNotContaining("glob:**.args");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void endsWithTheOneThatStartedItEvenIfThatIsKilled() throws Exception {
        Process starter = start();
        starter.destroyForcibly();

        awaitFile("saved");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void endsTheOtherJvmWhenInterrupted() throws Exception {
        Thread test = Thread.currentThread();
        Thread interrupter = new Thread(() -> {
            try {
                awaitFile("child");
                test.interrupt();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        interrupter.start();

        assertThatThrownBy(() -> TrainingJvm.run(Saving.class, List.of(folder.toString()), null))
                .isInstanceOf(InterruptedException.class);
        assertThat(folder.resolve("saved")).exists();
        interrupter.join();
    }

    @Test
    void quotesOptionsForTheLauncher() {
        assertThat(TrainingJvm.argumentFile(List.of("-cp", "C:\\a b\\\"c\".jar")))
                .isEqualTo("\"-cp\"\n\"C:\\\\a b\\\\\\\"c\\\".jar\"\n");
    }

    private Process start() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + folder,
                "-cp",
                System.getProperty("java.class.path"),
                Starter.class.getName(),
                folder.toString()));
        Process starter = new ProcessBuilder(command).inheritIO().start();
        awaitFile("child");
        return starter;
    }

    private void awaitFile(String name) throws InterruptedException {
        while (!Files.exists(folder.resolve(name))) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
