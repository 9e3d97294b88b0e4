package dev.swiftbrush.train.torch;

import dev.swiftbrush.DeviceException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.global.torch;

/** libtorch as a whole: loading it, and what holds for the process. Thread-safe. */
public final class Torch {

    private Torch() {}

    /** {@link #start(int, boolean)} with whatever algorithm is fastest. */
    public static void start(int threads) {
        start(threads, false);
    }

    /**
     * Loads libtorch and gives it {@code threads} threads.
     *
     * @param deterministic whether operations may only be computed in ways that give the same bits every time
     * @throws DeviceException if its native library is not on the class path or cannot be loaded
     */
    public static void start(int threads, boolean deterministic) {
        try {
            Loader.load(torch.class);
        } catch (LinkageError e) {
            String platform = Loader.getPlatform();
            throw new DeviceException(
                    "libtorch cannot be loaded for %s: %s; add org.bytedeco:pytorch:%s, org.bytedeco:openblas and org.bytedeco:javacpp with the classifier %s (or %s-gpu of pytorch for CUDA, never both) to the class path"
                            .formatted(platform, e.getMessage(), version(), platform, platform),
                    e);
        }
        torch.set_num_threads(threads);
        Blas.start(threads);
        Context context = torch.globalContext();
        context.setDeterministicAlgorithms(deterministic, false);
        context.setDeterministicCuDNN(deterministic);
    }

    /** Whether operations may only be computed in ways that give the same bits every time. */
    static boolean isDeterministic() {
        return torch.globalContext().deterministicAlgorithms();
    }

    /** The version of org.bytedeco:pytorch on the class path. */
    public static String version() {
        try {
            return Loader.getVersion("org.bytedeco", "pytorch");
        } catch (java.io.IOException e) {
            return "(unknown version)";
        }
    }

    /** What multiplies matrices in single precision on the CPU: {@code "MKL"} or {@code "OpenBLAS"}. */
    public static String blas() {
        return Blas.sharesThreads() ? "MKL" : "OpenBLAS";
    }

    /** Bytes of memory that this process holds now. */
    public static long residentBytes() {
        return Pointer.physicalBytes();
    }
}
