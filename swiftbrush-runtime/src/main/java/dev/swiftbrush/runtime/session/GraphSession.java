package dev.swiftbrush.runtime.session;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.RunOptions;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.swiftbrush.GenerationException;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A graph that is ready to run on a device. {@link #run} may be called from several threads at once; {@link #close} only
 * when no run is in flight, for ONNX Runtime would take the JVM down with it.
 */
public final class GraphSession implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GraphSession.class);

    private final String name;
    private final OrtSession session;

    /** Of the runs in flight, guarded by itself: options must not be freed while {@link #terminate} holds them. */
    private final Set<RunOptions> running = new HashSet<>();

    private volatile boolean terminated;

    private GraphSession(String name, OrtSession session) {
        this.name = name;
        this.session = session;
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
        try (SessionOptions options = device.sessionOptions()) {
            options.addConfigEntry("session.model_external_initializers_file_folder_path", weightsRoot.toString());
            return new GraphSession(name, OnnxRuntime.environment().createSession(graph, options));
        } catch (OrtException | LinkageError e) {
            throw new ModelException(
                    "ONNX Runtime cannot open the %s on %s: %s".formatted(name, device, e.getMessage()), e);
        }
    }

    /**
     * Runs the graph and writes its only output in place.
     *
     * @param output of the type and sizes that the graph gives
     * @throws GenerationException if ONNX Runtime fails, or {@link #terminate} was called before it came to an end
     */
    public void run(Map<String, HostTensor> inputs, String outputName, HostTensor output) {
        Map<String, OnnxTensor> tensors = new HashMap<>();
        try (RunOptions options = new RunOptions();
                OnnxTensor result = tensor(output)) {
            for (Map.Entry<String, HostTensor> input : inputs.entrySet()) {
                tensors.put(input.getKey(), tensor(input.getValue()));
            }
            try {
                register(options);
                session.run(tensors, Set.of(), Map.of(outputName, result), options)
                        .close();
            } finally {
                synchronized (running) {
                    running.remove(options);
                }
            }
        } catch (OrtException e) {
            String reason = terminated ? "it was closed meanwhile" : "ONNX Runtime says: " + e.getMessage();
            throw new GenerationException("The %s did not come to an end: %s".formatted(name, reason), e);
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private void register(RunOptions options) throws OrtException {
        synchronized (running) {
            options.setTerminate(terminated);
            running.add(options);
        }
    }

    /** Ends the runs in flight, and any to come, as soon as ONNX Runtime reaches the next node. */
    public void terminate() {
        synchronized (running) {
            terminated = true;
            for (RunOptions options : running) {
                try {
                    options.setTerminate(true);
                } catch (OrtException e) {
                    log.warn("A run of the {} could not be ended; closing waits for it", name, e);
                }
            }
        }
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
