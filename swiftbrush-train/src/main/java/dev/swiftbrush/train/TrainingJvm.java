package dev.swiftbrush.train;

import dev.swiftbrush.SwiftBrushException;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs a program in a JVM of its own, started as libtorch needs it. Thread-safe.
 *
 * <p>The other JVM has this one's class path, working directory, environment and standard streams. It ends when this one does:
 * if this one is asked to end, by SIGTERM for instance, it asks the other and waits; if this one is killed, the other notices and
 * exits. Either way the other's shutdown hooks run.
 */
public final class TrainingJvm {

    private static final String PARENT = "dev.swiftbrush.train.parent";
    private static final int PARENT_IS_GONE = 143; // as after SIGTERM
    private static final Pattern SIZE = Pattern.compile("[1-9]\\d{0,9}[kKmMgG]?");

    private TrainingJvm() {}

    /** True if this JVM was started by {@link #run}, or by somebody who gave it all it needs. */
    public static boolean isThisOne() {
        return System.getProperty(PARENT) != null || JvmFlags.areComplete();
    }

    /**
     * Runs a program to its end.
     *
     * @param main a class on the class path with a main method
     * @param maxHeap the size of the Java heap as {@code -Xmx} takes it, or null for the JVM's own choice
     * @return what the program exits with; 128 and the signal's number if a signal ended it
     * @throws IllegalArgumentException if the heap has no size
     * @throws SwiftBrushException if no JVM can be started
     * @throws InterruptedException if this thread is interrupted; the other JVM is asked to end, and has ended
     */
    public static int run(Class<?> main, List<String> arguments, @Nullable String maxHeap) throws InterruptedException {
        List<String> options = new ArrayList<>(JvmFlags.all());
        options.add("-Djava.awt.headless=true");
        options.add("-D%s=%d".formatted(PARENT, ProcessHandle.current().pid()));
        if (maxHeap != null) {
            if (!SIZE.matcher(maxHeap).matches()) {
                throw new IllegalArgumentException("maxHeap must look like 4g or 512m, but was " + maxHeap);
            }
            options.add("-Xmx" + maxHeap);
        }
        options.add("-cp");
        options.add(classPath(main));
        try {
            Path file = Files.createTempFile("swiftbrush", ".args"); // a class path may be longer than a command line
            file.toFile().deleteOnExit(); // a signal leaves no time to delete it here
            try {
                Files.writeString(file, argumentFile(options), nativeCharset());
                return await(start(file, main, arguments));
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new SwiftBrushException("no JVM for training could be started: %s".formatted(e.getMessage()), e);
        }
    }

    /** In a JVM that was started by {@link #run}: exits when the other one is gone. Elsewhere does nothing. */
    public static void endWithParent() {
        Optional.ofNullable(System.getProperty(PARENT)).map(Long::valueOf).ifPresent(pid -> {
            Optional<ProcessHandle> parent = ProcessHandle.current().parent().filter(each -> each.pid() == pid);
            if (parent.isEmpty()) {
                System.exit(PARENT_IS_GONE);
            }
            parent.get().onExit().thenRunAsync(() -> System.exit(PARENT_IS_GONE));
        });
    }

    private static Process start(Path file, Class<?> main, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + file);
        command.add(main.getName());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        JvmFlags.setEnvironment(builder.environment());
        return builder.start();
    }

    private static int await(Process process) throws InterruptedException {
        Thread ender = new Thread(() -> end(process), "training-jvm-end");
        Runtime.getRuntime().addShutdownHook(ender);
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            end(process);
            throw e;
        } finally {
            try {
                Runtime.getRuntime().removeShutdownHook(ender);
            } catch (IllegalStateException e) {
                // this JVM is ending, and the hook at work
            }
        }
    }

    /** Asks the process to end, and waits as long as it takes to save its work. */
    private static void end(Process process) {
        process.destroy();
        boolean interrupted = false;
        while (true) {
            try {
                process.waitFor();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Options as the launcher reads them from a file: each in quotes on a line of its own. */
    static String argumentFile(List<String> options) {
        return options.stream()
                .map(option -> "\"" + option.replace("\\", "\\\\").replace("\"", "\\\"") + "\"\n")
                .collect(Collectors.joining());
    }

    /** The launcher passes the file's bytes on, and the JVM reads them as it reads paths. */
    private static Charset nativeCharset() {
        String name = System.getProperty("sun.jnu.encoding");
        return name == null || !Charset.isSupported(name) ? Charset.defaultCharset() : Charset.forName(name);
    }

    /** The loader's own where a build tool loads the program in its JVM. */
    private static String classPath(Class<?> main) {
        if (main.getClassLoader() instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs())
                    .map(TrainingJvm::path)
                    .collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    private static String path(URL url) {
        try {
            return Path.of(url.toURI()).toString();
        } catch (URISyntaxException | IllegalArgumentException | java.nio.file.FileSystemNotFoundException e) {
            throw new SwiftBrushException("%s is on the class path, but is no file".formatted(url), e);
        }
    }
}
