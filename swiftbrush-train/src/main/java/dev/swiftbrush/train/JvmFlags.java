package dev.swiftbrush.train;

import dev.swiftbrush.DeviceException;
import dev.swiftbrush.train.torch.Blas;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a JVM is to be started in which libtorch trains; {@link TrainingJvm} starts one so. Thread-safe. */
public final class JvmFlags {

    private static final Logger log = LoggerFactory.getLogger(JvmFlags.class);

    /** Without these, JavaCPP ends a long run when all of its memory, pages of mapped files included, passes a limit. */
    private static final Map<String, String> PROPERTIES = new LinkedHashMap<>();

    static {
        PROPERTIES.put("org.bytedeco.javacpp.maxBytes", "0");
        PROPERTIES.put("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    }

    private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

    /** A step leaves few Java objects behind; a larger nursery would only be memory. */
    private static final List<String> SMALL_NURSERY = List.of("-XX:+UseSerialGC", "-Xmn32m");

    private JvmFlags() {}

    /**
     * Refuses a JVM that JavaCPP would end in the middle of a run. What it lacks beside that is logged.
     *
     * @throws DeviceException if a flag is missing; it names all of them
     */
    public static void require() {
        List<String> missing = missing(System::getProperty);
        if (!missing.isEmpty()) {
            throw new DeviceException(
                    "this JVM was started without %s, so JavaCPP would end a long run; add it, or start with TrainingJvm"
                            .formatted(String.join(" and ", missing)));
        }
        if (!mayCallNativeCode()) {
            log.warn("This JVM was started without {}", NATIVE_ACCESS);
        }
    }

    /** True if {@link #require()} would have nothing to say. */
    static boolean areComplete() {
        return missing(System::getProperty).isEmpty() && mayCallNativeCode();
    }

    /** What a run cannot do without, as it stands on a command line. */
    static List<String> missing(Function<String, @Nullable String> properties) {
        List<String> missing = new ArrayList<>();
        PROPERTIES.forEach((name, value) -> {
            if (!value.equals(properties.apply(name))) {
                missing.add("-D%s=%s".formatted(name, value));
            }
        });
        return missing;
    }

    /** The options that the {@code java} command needs to train, for whoever starts a JVM without {@link TrainingJvm}. */
    public static List<String> all() {
        List<String> options = new ArrayList<>(missing(name -> null));
        options.add(NATIVE_ACCESS); // known since JDK 17
        options.addAll(SMALL_NURSERY);
        options.addAll(Blas.options());
        return List.copyOf(options);
    }

    /**
     * What the environment of such a JVM needs. MKL, if it is on the class path, is unpacked for it.
     *
     * @throws DeviceException if it cannot be unpacked
     */
    public static void setEnvironment(Map<String, String> environment) {
        Blas.setEnvironment(environment);
    }

    /** Asks what only JDK 22 and newer know; older ones let everybody call native code. */
    private static boolean mayCallNativeCode() {
        try {
            return (boolean) MethodHandles.publicLookup()
                    .findVirtual(Module.class, "isNativeAccessEnabled", MethodType.methodType(boolean.class))
                    .invoke(JvmFlags.class.getModule());
        } catch (Throwable e) { // a method handle may throw anything
            return true;
        }
    }
}
