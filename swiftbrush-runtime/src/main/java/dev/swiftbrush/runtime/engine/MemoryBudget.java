package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.DeviceException;
import dev.swiftbrush.ImageSize;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Refuses what would need more memory than there is, before it is asked for: an operating system that runs out of memory
 * ends the whole process. Thread-safe.
 */
final class MemoryBudget {
    /** ONNX Runtime's arenas and workspaces: SD 2.1 at 512x512 took 1.7 times what its values take. */
    private static final long OVERHEAD = 2;

    private final long allowed;
    private final String allowance;
    private final long weights;
    private final ToLongFunction<ImageSize> working;
    private final Map<ImageSize, Long> workingBytes = new ConcurrentHashMap<>();

    /**
     * @param limit bytes that the model may take in all, or null for what is free now
     * @param weights bytes of the weights on all devices
     * @param working bytes that a network call takes beside them, by the size of its images
     */
    MemoryBudget(@Nullable Long limit, long weights, ToLongFunction<ImageSize> working) {
        this.allowed = limit != null ? limit : FreeMemory.bytes().orElse(Long.MAX_VALUE);
        this.allowance = limit != null ? "memoryLimitBytes allows" : "free were";
        this.weights = weights;
        this.working = working;
    }

    /**
     * Requires room for the weights, and for one image if {@code size} is given.
     *
     * @throws DeviceException if there is less
     */
    void require(@Nullable ImageSize size) {
        long call = size == null ? 0 : workingBytes.computeIfAbsent(size, this::working);
        if (call > allowed - weights) {
            String what = size == null ? "The model" : "An image of " + size;
            throw new DeviceException(
                    "%s needs about %s for weights and %s for a network call, but %s %s; ask for a smaller image, free memory, or set memoryLimitBytes"
                            .formatted(what, megabytes(weights), megabytes(call), allowance, megabytes(allowed)));
        }
    }

    private long working(ImageSize size) {
        try {
            return Math.multiplyExact(OVERHEAD, working.applyAsLong(size));
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE; // more than can be counted
        }
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MB", bytes / 1_000_000);
    }
}
