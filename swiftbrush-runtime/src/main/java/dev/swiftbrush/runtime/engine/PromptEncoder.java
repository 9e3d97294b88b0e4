package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Device;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.pipeline.Closing;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer and the text encoder of a checkpoint, in single precision, without its other networks in memory. No recipe is
 * asked for, so a multi-step checkpoint will do. Thread-safe; one call runs at a time.
 */
public final class PromptEncoder implements AutoCloseable {
    private final PromptTokenizer tokenizer;
    private final TextSession session;
    private final int width;
    private @Nullable HostTensor ids;
    private @Nullable HostTensor states;
    private boolean closed;

    private PromptEncoder(PromptTokenizer tokenizer, TextSession session, int width) {
        this.tokenizer = tokenizer;
        this.session = session;
        this.width = width;
    }

    /**
     * Opens the encoder of a diffusers folder.
     *
     * @throws ModelException if the checkpoint cannot be used
     */
    public static PromptEncoder open(Path folder, Device device) {
        ModelLayout layout = ModelLayout.of(folder);
        Checkpoint checkpoint = layout.checkpoint(false);
        PromptTokenizer tokenizer = OnnxEngine.openTokenizer(folder, layout, checkpoint);
        try {
            TextSession session = openSession(checkpoint, ComputeDevice.of(device), tokenizer.maxLength());
            return new PromptEncoder(
                    tokenizer, session, checkpoint.textEncoder().width());
        } catch (RuntimeException | Error e) {
            Closing.after(e, tokenizer);
            throw e;
        }
    }

    private static TextSession openSession(Checkpoint checkpoint, ComputeDevice device, int tokens) {
        if (checkpoint.textEncoder() instanceof TextNetwork.Onnx foreign) {
            return OnnxTextSession.open(foreign.config(), device);
        }
        LocatedGraph graph = LocatedGraph.of(new GraphExport(checkpoint, DType.F32).textEncoder(tokens), checkpoint);
        return new TextSession.Clip(GraphSession.open("text encoder", graph.bytes(), graph.root(), device));
    }

    /** Tokens of every prompt, start, end and padding included. */
    public int tokens() {
        return tokenizer.maxLength();
    }

    /** Width of the hidden states. */
    public int width() {
        return width;
    }

    /**
     * Encodes prompts in one network call.
     *
     * @param prompts at least one
     * @param out written from its position on: last hidden states {@code [n, tokens, width]}; its position moves behind them
     * @throws IllegalArgumentException if {@code out} has no room, or a prompt is not valid Unicode
     * @throws IllegalStateException after {@link #close}
     */
    public synchronized void encode(List<String> prompts, FloatBuffer out) {
        if (closed) {
            throw new IllegalStateException("the prompt encoder is closed");
        }
        long floats = (long) prompts.size() * tokens() * width;
        if (prompts.isEmpty() || out.remaining() < floats) {
            throw new IllegalArgumentException("%d prompts have %d floats of hidden states, but out has room for %d"
                    .formatted(prompts.size(), floats, out.remaining()));
        }
        HostTensor input = ids;
        HostTensor output = states;
        if (input == null || output == null || input.sizes()[0] != prompts.size()) {
            input = HostTensor.allocate(DType.I64, prompts.size(), tokens());
            output = HostTensor.allocate(DType.F32, prompts.size(), tokens(), width);
            ids = input;
            states = output;
        }
        LongBuffer words = input.data().asLongBuffer();
        prompts.forEach(prompt -> words.put(tokenizer.tokenize(prompt).ids()));
        session.encode(input, output, new Cancellation());
        out.put(output.data().asFloatBuffer());
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Closing.all(session, tokenizer);
        }
    }
}
