package dev.swiftbrush.runtime.session;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Memory that native libraries freed, and the C library keeps for itself: of weights that were computed with, gigabytes. */
public final class NativeHeap {
    private static final Logger log = LoggerFactory.getLogger(NativeHeap.class);

    private NativeHeap() {}

    /**
     * Gives it back to the operating system, where the JVM can: on Linux with glibc, from JDK 17.0.9 on.
     *
     * @return whether it could
     */
    public static boolean trim() {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "systemTrimNativeHeap",
                            null,
                            null);
            return true;
        } catch (JMException | RuntimeException e) {
            log.debug("Freed memory is left to the C library", e);
            return false;
        }
    }
}
