package dev.swiftbrush.runtime.engine;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.OnnxTextConfig;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.session.Port;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A text encoder that is somebody's ONNX file. Each prompt goes through it alone and without padding, which makes its hidden
 * states a function of the prompt and of nothing else: where activations are quantised as they come, both the padding and
 * the other prompts of a batch would change them. Behind them the states are zero.
 */
final class OnnxTextSession implements TextSession {
    static final int MAX_BYTES = 1 << 30;

    private static final String IDS = "input_ids";
    private static final String MASK = "attention_mask";
    private static final String TYPES = "token_type_ids";
    private static final Set<String> INPUTS = Set.of(IDS, MASK, TYPES);

    private final GraphSession session;
    private final OnnxTextConfig config;

    private OnnxTextSession(GraphSession session, OnnxTextConfig config) {
        this.session = session;
        this.config = config;
    }

    /** @throws ModelException if the file is not what the configuration says, or takes what nobody here can give it */
    static OnnxTextSession open(OnnxTextConfig config, ComputeDevice device) {
        byte[] graph = Contents.read(config.model(), MAX_BYTES);
        requireWhole(config, graph);
        GraphSession session = GraphSession.openForeign(
                "text encoder", graph, config.configuration().resolveSibling(""), device);
        try {
            requireInputs(config, session.inputs());
            requireOutput(config, session.outputs());
            return new OnnxTextSession(session, config);
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    /** Weights outside of the file would be found by paths that the file gives. */
    private static void requireWhole(OnnxTextConfig config, byte[] graph) {
        try {
            if (!isWhole(ModelProto.parseFrom(graph))) {
                throw new ModelException(
                        "%s keeps its weights in other files; save it as one file".formatted(config.model()));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new ModelException("%s is not an ONNX file: %s".formatted(config.model(), e.getMessage()), e);
        }
    }

    /** Tensors are in nodes, graphs within graphs and functions as well. */
    private static boolean isWhole(Message message) {
        if (message instanceof TensorProto tensor) {
            return tensor.getDataLocation() != TensorProto.DataLocation.EXTERNAL;
        }
        return message.getAllFields().values().stream()
                .flatMap(value -> value instanceof List<?> list ? list.stream() : Stream.of(value))
                .allMatch(value -> !(value instanceof Message part) || isWhole(part));
    }

    private static void requireInputs(OnnxTextConfig config, Map<String, Port> inputs) {
        if (!inputs.containsKey(IDS) || !INPUTS.containsAll(inputs.keySet())) {
            throw new ModelException("%s takes %s; a text encoder takes %s, and %s and %s if it likes"
                    .formatted(config.model(), new TreeSet<>(inputs.keySet()), IDS, MASK, TYPES));
        }
        new TreeMap<>(inputs).forEach((name, port) -> {
            if (!port.accepts(DType.I64, Port.FREE, Port.FREE)) {
                throw new ModelException(
                        "%s takes %s as %s; it must be I64 [batch, tokens] with both sizes free, so export it with dynamic axes"
                                .formatted(config.model(), name, port));
            }
        });
    }

    private static void requireOutput(OnnxTextConfig config, Map<String, Port> outputs) {
        Port port = outputs.get(config.output());
        if (port == null) {
            throw new ModelException("%s gives %s, and no %s; name one of them as output in %s"
                    .formatted(
                            config.model(), new TreeSet<>(outputs.keySet()), config.output(), config.configuration()));
        }
        if (!port.accepts(DType.F32, Port.FREE, Port.FREE, config.width())) {
            throw new ModelException(
                    "%s gives %s as %s, but %s describes hidden states F32 [batch, tokens, %d]; name the token-level output and its width"
                            .formatted(config.model(), config.output(), port, config.configuration(), config.width()));
        }
    }

    @Override
    public void encode(HostTensor ids, HostTensor states, Cancellation cancellation) {
        int prompts = Math.toIntExact(ids.sizes()[0]);
        int tokens = Math.toIntExact(ids.sizes()[1]);
        LongBuffer all = ids.data().asLongBuffer();
        int rowBytes = states.data().remaining() / prompts;
        for (int i = 0; i < prompts; i++) {
            long[] row = new long[tokens];
            all.get(i * tokens, row);
            encode(row, slice(states.data(), i * rowBytes, rowBytes), cancellation);
        }
    }

    private void encode(long[] ids, ByteBuffer states, Cancellation cancellation) {
        int tokens = (int) Arrays.stream(ids).takeWhile(id -> id >= 0).count();
        int bytes = Float.BYTES * tokens * config.width();
        if (tokens > 0) {
            Map<String, HostTensor> inputs = new HashMap<>();
            for (String name : session.inputs().keySet()) {
                HostTensor input = HostTensor.allocate(DType.I64, 1, tokens);
                fill(name, input.data().asLongBuffer(), ids);
                inputs.put(name, input);
            }
            HostTensor output =
                    new HostTensor(DType.F32, new long[] {1, tokens, config.width()}, slice(states, 0, bytes));
            session.run(inputs, config.output(), output, cancellation);
        }
        for (int i = bytes; i < states.limit(); i++) {
            states.put(i, (byte) 0);
        }
    }

    /** A slice forgets the order of its bytes. */
    private static ByteBuffer slice(ByteBuffer buffer, int from, int bytes) {
        return buffer.slice(from, bytes).order(buffer.order());
    }

    private static void fill(String name, LongBuffer input, long[] ids) {
        switch (name) {
            case IDS -> input.put(ids, 0, input.remaining());
            case MASK -> input.put(ones(input.remaining()));
            default -> {} // one text, which is the first: type 0
        }
    }

    private static long[] ones(int count) {
        long[] ones = new long[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Override
    public void close() {
        session.close();
    }
}
