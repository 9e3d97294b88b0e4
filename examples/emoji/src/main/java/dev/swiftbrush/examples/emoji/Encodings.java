package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.data.TextEncoder;
import java.nio.FloatBuffer;
import java.util.List;

/** Hidden states of prompts in arrays. */
final class Encodings {
    private Encodings() {}

    static float[] states(TextEncoder encoder, List<String> prompts) {
        FloatBuffer out = FloatBuffer.allocate(prompts.size() * encoder.tokens() * encoder.width());
        encoder.encode(prompts, out);
        return out.array();
    }
}
