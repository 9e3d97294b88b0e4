package dev.swiftbrush.runtime.session;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.swiftbrush.Device;
import dev.swiftbrush.DeviceException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.LoggerFactory;

/** A device that was seen to work. Immutable and thread-safe. */
public sealed interface ComputeDevice {

    /** Whether half precision is the faster one here. */
    boolean prefersHalfPrecision();

    /** What the layout of prepared weights depends on, see {@link GraphSession#prepare}; empty if none are to be kept. */
    Optional<String> layout();

    /** Options of a session that runs here; the caller closes them. */
    SessionOptions sessionOptions() throws OrtException;

    /** Configuration entries of each run of such a session. */
    default Map<String, String> runEntries() {
        return Map.of();
    }

    /**
     * The cores of this machine's processors.
     *
     * @param lowMemory whether weights stay as they are stored and are widened at each use, and memory goes back sooner
     */
    record Cpu(int threads, boolean lowMemory) implements ComputeDevice {

        /** With memory to spare. */
        public Cpu(int threads) {
            this(threads, false);
        }

        @Override
        public boolean prefersHalfPrecision() {
            return false;
        }

        @Override
        public Optional<String> layout() {
            return lowMemory
                    ? Optional.empty()
                    : Processor.kind().map(kind -> "ONNX Runtime " + OnnxRuntime.version() + "\n" + kind);
        }

        @Override
        public SessionOptions sessionOptions() throws OrtException {
            return OnnxRuntime.sessionOptions(options -> {
                options.setIntraOpNumThreads(threads);
                options.setMemoryPatternOptimization(false); // no faster here, and 1.5 GB more (docs/adr/0009)
                options.addConfigEntry(
                        "session.intra_op.allow_spinning", "0"); // idle threads would burn the host's cores
                if (lowMemory) {
                    // what is computed beforehand, or laid out anew, is a copy
                    options.addConfigEntry("optimization.disable_specified_optimizers", "ConstantFolding");
                    options.setOptimizationLevel(SessionOptions.OptLevel.EXTENDED_OPT);
                }
            });
        }

        @Override
        public Map<String, String> runEntries() {
            return lowMemory ? Map.of("memory.enable_memory_arena_shrinkage", "cpu:0") : Map.of();
        }

        @Override
        public String toString() {
            return "cpu";
        }
    }

    /** An NVIDIA GPU. */
    record Cuda(int index) implements ComputeDevice {
        /** A system property with options of ONNX Runtime's CUDA provider beside these, for measuring: {@code name=value,...}. */
        static final String OPTIONS = "swiftbrush.cuda.options";

        @Override
        public boolean prefersHalfPrecision() {
            return true;
        }

        @Override
        public Optional<String> layout() {
            return Optional.empty();
        }

        @Override
        public SessionOptions sessionOptions() throws OrtException {
            return OnnxRuntime.sessionOptions(options -> {
                try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(index)) {
                    for (Map.Entry<String, String> option : providerOptions().entrySet()) {
                        cuda.add(option.getKey(), option.getValue());
                    }
                    options.addCUDA(cuda);
                }
            });
        }

        /** @throws DeviceException if the system property cannot be read */
        Map<String, String> providerOptions() {
            Map<String, String> options = new TreeMap<>();
            options.put("arena_extend_strategy", "kSameAsRequested"); // or memory is taken in powers of two
            String asked = System.getProperty(OPTIONS, "");
            for (String option : asked.isBlank() ? List.<String>of() : List.of(asked.split(",", -1))) {
                String[] parts = option.split("=", 2);
                if (parts.length < 2 || parts[0].isBlank()) {
                    throw new DeviceException("The system property %s must be name=value,name=value..., but was '%s'"
                            .formatted(OPTIONS, asked));
                }
                options.put(parts[0].strip(), parts[1].strip());
            }
            return options;
        }

        @Override
        public String toString() {
            return "cuda:" + index;
        }
    }

    /**
     * Finds the device asked for and tries it out. {@link Device#auto()} takes the first GPU if it truly works, else the
     * CPU, and logs which and why when that is news.
     *
     * @throws DeviceException if it cannot be had; the message says what is missing
     */
    static ComputeDevice of(Device asked) {
        return of(asked, false);
    }

    /**
     * As {@link #of(Device)}.
     *
     * @param lowMemory how a CPU computes, see {@link Cpu}
     */
    static ComputeDevice of(Device asked, boolean lowMemory) {
        OnnxRuntime.environment(); // if it cannot be loaded at all, no device is to blame
        OnnxRuntime.warnOfHiddenArtifacts();
        if (asked instanceof Device.Cpu cpu) {
            return new Cpu(cpu.threads() > 0 ? cpu.threads() : Cores.physical(), lowMemory);
        }
        if (asked instanceof Device.Cuda cuda) {
            Cuda device = new Cuda(cuda.index());
            CudaProbe.require(device);
            return device;
        }
        return BestDevice.find(lowMemory);
    }

    /**
     * Loads ONNX Runtime, if it is not yet. If that fails, {@link #of} says why; a thread that is interrupted meanwhile
     * would spoil it for the whole life of the JVM, so it is for threads that nobody interrupts.
     */
    static void load() {
        try {
            OnnxRuntime.environment();
        } catch (DeviceException e) {
            LoggerFactory.getLogger(ComputeDevice.class).debug("ONNX Runtime cannot be loaded", e);
        }
    }
}
