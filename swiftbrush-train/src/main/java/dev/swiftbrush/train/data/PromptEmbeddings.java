package dev.swiftbrush.train.data;

import java.nio.FloatBuffer;

/** The hidden states of a run's prompts, by the prompts' indices. Thread-safe. */
public interface PromptEmbeddings extends AutoCloseable {

    /** Number of prompts. */
    int count();

    /** Tokens of every prompt, padding included. */
    int tokens();

    /** Width of the hidden states. */
    int width();

    /**
     * Reads the hidden states of some prompts.
     *
     * @param indices in 0 to {@code count() - 1}, in any order; an index may come twice
     * @param out written from its position on: {@code [n, tokens, width]}; its position moves behind them
     * @throws IndexOutOfBoundsException if there is no such prompt
     * @throws IllegalArgumentException if {@code out} has too little room
     * @throws IllegalStateException after {@link #close}
     */
    void read(int[] indices, FloatBuffer out);

    /** Reads the hidden states of one prompt, {@code [tokens, width]}; see {@link #read(int[], FloatBuffer)}. */
    default void read(int index, FloatBuffer out) {
        read(new int[] {index}, out);
    }

    /** Reads the hidden states of the empty prompt, {@code [tokens, width]}, which stands for no prompt at all. */
    void readEmptyPrompt(FloatBuffer out);

    @Override
    void close();
}
