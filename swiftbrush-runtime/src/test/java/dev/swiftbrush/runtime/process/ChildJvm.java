package dev.swiftbrush.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A fresh JVM with the tests' class path, which runs one of the programs here. */
record ChildJvm(Process process, Path log) implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 300;

    /** What a child is started with beside its program. */
    record Options(List<String> jvm, List<Path> classPath, Map<String, String> environment) {
        static final Options NONE = new Options(List.of(), List.of(), Map.of());

        static Options jvm(String... options) {
            return new Options(List.of(options), List.of(), Map.of());
        }

        static Options environment(String name, String value) {
            return new Options(List.of(), List.of(), Map.of(name, value));
        }

        /** Adds to the end of the class path. */
        static Options classPath(Path more) {
            return new Options(List.of(), List.of(more), Map.of());
        }
    }

    static ChildJvm start(Class<?> program, Options options, Object... arguments) throws IOException {
        List<String> classPath = new ArrayList<>(List.of(System.getProperty("java.class.path")));
        options.classPath().forEach(path -> classPath.add(path.toString()));
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m"));
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(options.jvm());
        command.addAll(List.of("-cp", String.join(File.pathSeparator, classPath), program.getName()));
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        Path log = Files.createTempFile("swiftbrush-child", ".log");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(options.environment());
        return new ChildJvm(builder.start(), log);
    }

    /** Waits for its end, which must be a good one, and returns what it said. */
    String output() throws IOException, InterruptedException {
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("ended in time")
                .isTrue();
        String said = Files.readString(log);
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }

    /** The value in the only line {@code name=value} of its output. */
    String value(String name) throws IOException, InterruptedException {
        return output().lines()
                .filter(line -> line.startsWith(name + "="))
                .map(line -> line.substring(name.length() + 1))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + log));
    }

    /** Ends it as {@code kill -9} does. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        kill();
        Files.deleteIfExists(log);
    }
}
