package dev.swiftbrush.runtime.session;

import dev.swiftbrush.DeviceException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The first GPU if it truly works, else the CPU. Thread-safe. */
final class BestDevice {
    private static final Logger log = LoggerFactory.getLogger(BestDevice.class);

    /** A server may open models all day; the same news is told once. */
    private static final AtomicReference<String> TOLD = new AtomicReference<>("");

    private BestDevice() {}

    static ComputeDevice find(boolean lowMemory) {
        try {
            ComputeDevice.Cuda device = new ComputeDevice.Cuda(0);
            CudaProbe.require(device);
            tell("Running on " + device);
            return device;
        } catch (DeviceException e) {
            ComputeDevice.Cpu device = new ComputeDevice.Cpu(Cores.physical(), lowMemory);
            tell("Running on the CPU with %d threads: %s".formatted(device.threads(), e.getMessage()));
            return device;
        }
    }

    private static void tell(String news) {
        if (TOLD.getAndSet(news).equals(news)) {
            log.debug(news);
        } else {
            log.info(news);
        }
    }
}
