package dev.swiftbrush.runtime.session;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.swiftbrush.DeviceException;
import java.io.IOException;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** ONNX Runtime as a whole: its native library, and what all sessions share. */
final class OnnxRuntime {
    private static final Logger log = LoggerFactory.getLogger(OnnxRuntime.class);

    /** The JVM tells why a class failed to load only the first time it is asked for. */
    private static final AtomicReference<@Nullable Throwable> FIRST_FAILURE = new AtomicReference<>();

    static {
        Telemetry.forbid();
    }

    private OnnxRuntime() {}

    /**
     * The process-wide environment, whose native library is loaded by the first call.
     *
     * @throws DeviceException if the library cannot be loaded
     */
    static OrtEnvironment environment() {
        try {
            return OrtEnvironment.getEnvironment();
        } catch (LinkageError e) {
            Throwable first = FIRST_FAILURE.compareAndExchange(null, e);
            Throwable reason = first == null ? e : first;
            while (reason.getCause() != null) {
                reason = reason.getCause();
            }
            throw new DeviceException(
                    "ONNX Runtime's native library cannot be loaded on %s %s: %s; it is unpacked into %s, which must be writable and allow execution, so name another folder with -Djava.io.tmpdir; docs/platforms.md lists the supported platforms"
                            .formatted(
                                    System.getProperty("os.name"),
                                    System.getProperty("os.arch"),
                                    reason,
                                    System.getProperty("java.io.tmpdir")),
                    e);
        }
    }

    /** The version of ONNX Runtime. */
    static String version() {
        return environment().getVersion();
    }

    /** What is set on a session's options. */
    interface Settings {
        void set(SessionOptions options) throws OrtException;
    }

    /** The options of every session and those of its device; the caller closes them. */
    static SessionOptions sessionOptions(Settings device) throws OrtException {
        environment();
        return configured(options -> {
            options.setOptimizationLevel(SessionOptions.OptLevel.ALL_OPT);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            device.set(options);
        });
    }

    /** Closes the options if they cannot be set. */
    static SessionOptions configured(Settings settings) throws OrtException {
        SessionOptions options = new SessionOptions();
        try {
            settings.set(options);
            return options;
        } catch (OrtException | RuntimeException | Error e) {
            options.close();
            throw e;
        }
    }

    /** Warns of what ONNX Runtime itself is silent about: the second of two artifacts is never used. */
    static void warnOfHiddenArtifacts() {
        List<URL> artifacts = artifacts();
        if (artifacts.size() > 1) {
            log.warn(
                    "There are {} ONNX Runtime artifacts on the class path, of which only the first is used; keep one: {}",
                    artifacts.size(),
                    artifacts);
        }
    }

    /** Where ONNX Runtime's classes were found: more than one place means that one artifact hides the other. */
    static List<URL> artifacts() {
        try {
            ClassLoader loader = OrtEnvironment.class.getClassLoader();
            return Collections.list(loader.getResources("ai/onnxruntime/OrtEnvironment.class"));
        } catch (IOException e) {
            return List.of();
        }
    }
}
