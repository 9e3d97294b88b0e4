package dev.swiftbrush.train.data;

import dev.swiftbrush.Device;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;

/** Turns prompts into the hidden states that a UNet attends to. Thread-safe. */
public interface TextEncoder extends AutoCloseable {

    /**
     * Opens the tokenizer and the text encoder of a diffusers folder on ONNX Runtime.
     *
     * @throws dev.swiftbrush.ModelException if the checkpoint cannot be used
     */
    static TextEncoder open(Path checkpoint, Device device) {
        return CheckpointTextEncoder.open(checkpoint, device);
    }

    /**
     * The {@link #fingerprint()} of the encoder that {@link #open} would open, without opening it.
     *
     * @throws dev.swiftbrush.ModelException if the checkpoint cannot be used
     */
    static String fingerprint(Path checkpoint) {
        return CheckpointTextEncoder.fingerprint(checkpoint);
    }

    /** Tokens of every prompt, padding included. */
    int tokens();

    /** Width of the hidden states. */
    int width();

    /** A SHA-256 of all that decides what comes out: configuration, weights, tokenizer. */
    String fingerprint();

    /**
     * Encodes prompts in one network call.
     *
     * @param prompts at least one
     * @param out written from its position on: last hidden states {@code [n, tokens, width]}
     */
    void encode(List<String> prompts, FloatBuffer out);

    @Override
    void close();
}
