package dev.swiftbrush.runtime.session;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.RunOptions;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import ai.onnxruntime.TensorInfo;
import ai.onnxruntime.ValueInfo;
import dev.swiftbrush.DeviceException;
import dev.swiftbrush.GenerationException;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * A graph that is ready to run on a device. {@link #run} may be called from several threads at once; {@link #close} only
 * when no run is in flight, for ONNX Runtime would take the JVM down with it.
 */
public final class GraphSession implements AutoCloseable {
    /** The names of what {@link #prepare} writes. */
    public static final String PREPARED_GRAPH = "graph.onnx";

    public static final String PREPARED_WEIGHTS = "weights.bin";

    private static final Pattern OUT_OF_MEMORY =
            Pattern.compile("bad_alloc|failed to allocate|out of memory|could not allocate", Pattern.CASE_INSENSITIVE);

    private final String name;
    private final OrtSession session;
    private final Map<String, String> runEntries;
    private final Map<String, Port> inputs;
    private final Map<String, Port> outputs;

    private GraphSession(String name, OrtSession session, Map<String, String> runEntries) throws OrtException {
        this.name = name;
        this.session = session;
        this.runEntries = runEntries;
        this.inputs = ports(session.getInputInfo());
        this.outputs = ports(session.getOutputInfo());
    }

    /**
     * Opens a graph.
     *
     * @param name for messages
     * @param graph an ONNX model
     * @param weightsRoot the folder that the locations of its external data are relative to
     * @throws ModelException if ONNX Runtime refuses the graph
     */
    public static GraphSession open(String name, byte[] graph, Path weightsRoot, ComputeDevice device) {
        return open(name, graph, weightsRoot, device, GraphSession::keepIntegers);
    }

    /**
     * Opens a graph of somebody else's, as {@link #open} does. Its weights may be 8-bit integers up to 127, with which sums of
     * products saturate on processors without VNNI; there they are computed another way.
     */
    public static GraphSession openForeign(String name, byte[] graph, Path weightsRoot, ComputeDevice device) {
        return open(
                name, graph, weightsRoot, device, options -> options.addConfigEntry("session.x64quantprecision", "1"));
    }

    /**
     * Writes what ONNX Runtime makes of a graph when it opens it: {@link #PREPARED_GRAPH}, with all constants computed, and
     * {@link #PREPARED_WEIGHTS}, kernels laid out as the device convolves with them. Both hold on processors of this kind
     * alone, and for this version of ONNX Runtime.
     *
     * @param folder is there, and its path has no characters beyond U+FFFF
     * @throws ModelException if ONNX Runtime refuses the graph or cannot write
     */
    public static void prepare(String name, byte[] graph, Path weightsRoot, ComputeDevice device, Path folder) {
        OnnxRuntime.Settings keep = options -> {
            options.setOptimizedModelFilePath(folder.resolve(PREPARED_GRAPH).toString());
            options.addConfigEntry("session.optimized_model_external_initializers_file_name", PREPARED_WEIGHTS);
            options.addConfigEntry("session.optimized_model_external_initializers_min_size_in_bytes", "1024");
            leaveMatricesAsTheyAre(options);
            keepIntegers(options);
        };
        open(name, graph, weightsRoot, device, keep).close();
    }

    /**
     * Opens what {@link #prepare} wrote. Its weights are mapped, so that sessions and processes share them.
     *
     * @param graph the content of {@link #PREPARED_GRAPH} in {@code folder}
     * @param packs whether weights are packed, which for matrices in single precision takes longer than it saves
     * @throws ModelException if ONNX Runtime refuses it
     */
    public static GraphSession openPrepared(
            String name, byte[] graph, Path folder, ComputeDevice device, boolean packs) {
        return open(name, graph, folder, device, options -> {
            options.setOptimizationLevel(OptLevel.NO_OPT);
            if (!packs) {
                leaveMatricesAsTheyAre(options);
            }
        });
    }

    /** Packed ones are copies, made anew at each opening, and save nothing where a call takes seconds (docs/adr/0010). */
    private static void leaveMatricesAsTheyAre(SessionOptions options) throws OrtException {
        options.addConfigEntry("session.disable_prepacking", "1");
    }

    /** What this project's graphs do over 8-bit integers is written as it is to be done, and ONNX Runtime would double some. */
    private static void keepIntegers(SessionOptions options) throws OrtException {
        options.addConfigEntry("session.disable_quant_qdq", "1");
    }

    private static GraphSession open(
            String name, byte[] graph, Path weightsRoot, ComputeDevice device, OnnxRuntime.Settings more) {
        try (SessionOptions options = device.sessionOptions()) {
            options.addConfigEntry("session.model_external_initializers_file_folder_path", weightsRoot.toString());
            more.set(options);
            return new GraphSession(name, OnnxRuntime.environment().createSession(graph, options), device.runEntries());
        } catch (OrtException | LinkageError e) {
            throw new ModelException(
                    "ONNX Runtime cannot open the %s on %s: %s".formatted(name, device, e.getMessage()), e);
        }
    }

    private static Map<String, Port> ports(Map<String, NodeInfo> infos) {
        Map<String, Port> ports = new TreeMap<>();
        infos.forEach((name, info) -> ports.put(name, port(info.getInfo())));
        return Collections.unmodifiableMap(ports);
    }

    private static Port port(ValueInfo info) {
        if (!(info instanceof TensorInfo tensor)) {
            return new Port(null, List.of());
        }
        DType type = switch (tensor.type) {
            case FLOAT -> DType.F32;
            case INT64 -> DType.I64;
            case UINT8 -> DType.U8;
            default -> null;
        };
        return new Port(
                type,
                LongStream.of(tensor.getShape())
                        .map(size -> Math.max(size, Port.FREE))
                        .boxed()
                        .toList());
    }

    /** What the graph takes, by name. */
    public Map<String, Port> inputs() {
        return inputs;
    }

    /** What the graph gives, by name. */
    public Map<String, Port> outputs() {
        return outputs;
    }

    /** Runs the graph to its end; see {@link #run(Map, String, HostTensor, Cancellation)}. */
    public void run(Map<String, HostTensor> inputs, String outputName, HostTensor output) {
        run(inputs, outputName, output, new Cancellation());
    }

    /**
     * Runs the graph and writes its only output in place.
     *
     * @param output of the type and sizes that the graph gives
     * @throws GenerationException if ONNX Runtime fails, or the run was cancelled
     * @throws DeviceException if there is not enough memory
     */
    public void run(Map<String, HostTensor> inputs, String outputName, HostTensor output, Cancellation cancellation) {
        Map<String, OnnxTensor> tensors = new HashMap<>();
        try (RunOptions options = new RunOptions();
                OnnxTensor result = tensor(output)) {
            for (Map.Entry<String, HostTensor> input : inputs.entrySet()) {
                tensors.put(input.getKey(), tensor(input.getValue()));
            }
            for (Map.Entry<String, String> entry : runEntries.entrySet()) {
                options.addRunConfigEntry(entry.getKey(), entry.getValue());
            }
            cancellation.begin(options);
            try {
                session.run(tensors, Set.of(), Map.of(outputName, result), options)
                        .close();
            } finally {
                cancellation.end();
            }
        } catch (OrtException e) {
            throw failure(e, cancellation);
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private SwiftBrushException failure(OrtException e, Cancellation cancellation) {
        if (cancellation.isCancelled()) {
            return new GenerationException("The %s was cancelled".formatted(name), e);
        }
        if (OUT_OF_MEMORY.matcher(String.valueOf(e.getMessage())).find()) {
            return new DeviceException(
                    "There was not enough memory for the %s; draw smaller images, fewer at once, or free memory [%s]"
                            .formatted(name, e.getMessage()),
                    e);
        }
        return new GenerationException("The %s failed in ONNX Runtime: %s".formatted(name, e.getMessage()), e);
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new GenerationException("ONNX Runtime cannot close the %s: %s".formatted(name, e.getMessage()), e);
        }
    }

    private static OnnxTensor tensor(HostTensor tensor) throws OrtException {
        return OnnxTensor.createTensor(
                OnnxRuntime.environment(),
                tensor.data().duplicate().order(tensor.data().order()),
                tensor.sizes(),
                javaType(tensor.type()));
    }

    private static OnnxJavaType javaType(DType type) {
        return switch (type) {
            case F32 -> OnnxJavaType.FLOAT;
            case I64 -> OnnxJavaType.INT64;
            case U8 -> OnnxJavaType.UINT8;
            default -> throw new IllegalArgumentException("no graph of this project takes or gives " + type);
        };
    }
}
