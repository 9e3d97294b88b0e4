package dev.swiftbrush.examples.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A fresh JVM that makes one measurement and prints it. */
public final class Worker {
    private static final String HEAP = "-Xmx1g";

    private Worker() {}

    /** Makes the measurement that the arguments name. */
    public static void main(String[] arguments) throws Exception {
        Job job = Job.parse(arguments);
        Figures figures = switch (job.kind()) {
            case EXPORT -> Export.measure(job);
            case SWIFTBRUSH, LOW_MEMORY, INT8, TINY_DECODER, TINY_DECODER_INT8 -> OneCall.measure(job);
            case PLAIN -> PlainWay.measure(job);
            case STAGES -> Stages.measure(job);
            case PEAKS -> Peaks.measure(job);
            case ONE_SESSION -> Sessions.measure(job, 1);
            case FOUR_SESSIONS -> Sessions.measure(job, 4);
        };
        figures.values().forEach((name, value) -> System.out.println(name + "=" + value));
    }

    /** Makes a measurement in a JVM of its own. */
    static Figures run(Job job) throws IOException, InterruptedException {
        List<String> command = command(Worker.class, job.arguments());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            List<String> lines = out.lines().toList();
            int code = process.waitFor();
            if (code != 0) {
                throw new IOException("the process that measures %s ended with code %d; what it said stands above"
                        .formatted(job.kind(), code));
            }
            return Figures.parse(lines);
        } finally {
            process.destroy();
        }
    }

    /** What starts a program of this module in a JVM of its own. */
    static List<String> command(Class<?> program, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                HEAP,
                "--enable-native-access=ALL-UNNAMED",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                classPath(),
                program.getName()));
        command.addAll(arguments);
        return command;
    }

    /** Maven runs this module in a class loader of its own, and then the JVM's class path is Maven's. */
    static String classPath() {
        if (Worker.class.getClassLoader() instanceof URLClassLoader loader) {
            return List.of(loader.getURLs()).stream()
                    .map(Worker::file)
                    .collect(Collectors.joining(System.getProperty("path.separator")));
        }
        return System.getProperty("java.class.path");
    }

    private static String file(URL url) {
        try {
            return Path.of(url.toURI()).toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e); // a class path holds valid URLs
        }
    }
}
