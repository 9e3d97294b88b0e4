package dev.swiftbrush.runtime.session;

import com.sun.jna.Function;
import com.sun.jna.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps ONNX Runtime 1.29 from reporting to its maker: on Unix it writes a device id into the user's cache folder and sends
 * events, unless a variable in the process's environment forbids it when the library is loaded. Its own {@code
 * setTelemetry(false)} comes too late for that.
 */
final class Telemetry {
    private static final Logger log = LoggerFactory.getLogger(Telemetry.class);
    private static final String VARIABLE = "ORT_DISABLE_TELEMETRY";

    private Telemetry() {}

    /** Sets the variable for this process, unless the user has; to be called before ONNX Runtime is loaded. */
    static void forbid() {
        if (Platform.isWindows() || System.getenv(VARIABLE) != null) {
            return; // on Windows it is off until asked for
        }
        try {
            Function.getFunction(Platform.C_LIBRARY_NAME, "setenv").invokeInt(new Object[] {VARIABLE, "1", 0});
        } catch (LinkageError e) {
            log.warn("ONNX Runtime may report to its maker; set {}=1 in the environment to forbid it", VARIABLE, e);
        }
    }
}
