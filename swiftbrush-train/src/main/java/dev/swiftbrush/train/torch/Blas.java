package dev.swiftbrush.train.torch;

import dev.swiftbrush.DeviceException;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.presets.openblas_nolapack;

/**
 * The library that multiplies matrices in single precision on the CPU: OpenBLAS, or MKL if it is on the class path and the JVM was
 * started for it. OpenBLAS has threads of its own, which fight libtorch's, and so is left one; MKL shares libtorch's.
 */
public final class Blas {
    private static final String LOAD =
            "org.bytedeco.openblas.load"; // by which JavaCPP is told to put another library in OpenBLAS's place
    private static final String MKL = "mkl_rt@.2"; // "mkl" would load all of MKL, Intel's OpenMP runtime included
    private static final String LAYER = "MKL_THREADING_LAYER";
    private static final String OPENMP_OF_LIBTORCH = "GNU";
    private static final String LIBRARY_PATH = "LD_LIBRARY_PATH"; // where both JavaCPP and MKL look for MKL

    private Blas() {}

    /** The options by which a JVM takes MKL; empty if it is not on this one's class path. */
    public static List<String> options() {
        if (mkl().isEmpty()) {
            return List.of();
        }
        // JavaCPP leaves links to MKL where it unpacks OpenBLAS, and they would be there for JVMs without MKL too
        Path cache = Path.of(System.getProperty("user.home", "."), ".javacpp", "cache-mkl");
        return List.of("-D%s=%s".formatted(LOAD, MKL), "-Dorg.bytedeco.javacpp.cachedir=" + cache);
    }

    /**
     * Sets what either library reads from the environment, and unpacks MKL, if it is on the class path, to where it is looked for.
     *
     * @throws DeviceException if it cannot be unpacked
     */
    public static void setEnvironment(Map<String, String> environment) {
        environment.put(
                "OPENBLAS_NUM_THREADS", "1"); // else it starts a thread for every core, and has none of them work
        environment.put(LAYER, OPENMP_OF_LIBTORCH);
        environment.put("MKL_DYNAMIC", "FALSE"); // the same number of threads gives the same bits
        mkl().ifPresent(folder -> environment.merge(LIBRARY_PATH, unpack(folder), (old, mkl) -> mkl + ":" + old));
    }

    /** The folder of MKL's libraries on the class path. */
    private static Optional<URL> mkl() {
        String folder = "/org/bytedeco/mkl/%s/".formatted(Loader.getPlatform());
        return Optional.ofNullable(Blas.class.getResource(folder))
                .filter(there -> Blas.class.getResource(folder + "libmkl_rt.so.2") != null);
    }

    private static String unpack(URL folder) {
        try {
            return Loader.cacheResource(folder).getPath();
        } catch (IOException e) {
            throw new DeviceException(
                    "MKL cannot be unpacked from %s: %s; make room and .javacpp in the home folder writable, or take org.bytedeco:mkl off the class path"
                            .formatted(folder, e),
                    e);
        }
    }

    /** Whether matrix products have as many threads as everything else. */
    static boolean sharesThreads() {
        return MKL.equals(System.getProperty(LOAD)) && OPENMP_OF_LIBTORCH.equals(System.getenv(LAYER));
    }

    static void start(int threads) {
        openblas_nolapack.blas_set_num_threads(sharesThreads() ? threads : 1);
    }
}
