package dev.swiftbrush.train.data;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** Hidden states that are whole numbers below 2048, which F16 holds exactly, and differ from prompt to prompt. */
class FakeEncoder implements TextEncoder {
    static final int TOKENS = 3;
    static final int WIDTH = 5;

    /** The prompts of each call. */
    final List<List<String>> calls = new ArrayList<>();

    boolean closed;

    static float[] states(String prompt) {
        float[] states = new float[TOKENS * WIDTH];
        for (int i = 0; i < states.length; i++) {
            states[i] = Math.floorMod(prompt.hashCode() * 31 + i * 7, 2048);
        }
        return states;
    }

    @Override
    public int tokens() {
        return TOKENS;
    }

    @Override
    public int width() {
        return WIDTH;
    }

    @Override
    public String fingerprint() {
        return "fingerprint of the fake";
    }

    @Override
    public void encode(List<String> prompts, FloatBuffer out) {
        calls.add(List.copyOf(prompts));
        prompts.forEach(prompt -> out.put(states(prompt)));
    }

    @Override
    public void close() {
        closed = true;
    }
}
