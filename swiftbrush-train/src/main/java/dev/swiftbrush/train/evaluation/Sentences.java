package dev.swiftbrush.train.evaluation;

import dev.swiftbrush.train.data.TextEncoder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** Embeddings of sentences: the mean of an encoder's token states, whose padding is zero, at a length of one. */
public final class Sentences {
    private static final int AT_ONCE = 64;

    private Sentences() {}

    /**
     * Embeds texts.
     *
     * @param progress told how many are done
     * @return for each text {@link TextEncoder#width()} numbers
     */
    public static List<float[]> embed(List<String> texts, TextEncoder encoder, IntConsumer progress) {
        List<float[]> all = new ArrayList<>();
        FloatBuffer states = FloatBuffer.allocate(AT_ONCE * encoder.tokens() * encoder.width());
        for (int from = 0; from < texts.size(); from += AT_ONCE) {
            List<String> some = texts.subList(from, Math.min(from + AT_ONCE, texts.size()));
            states.clear();
            encoder.encode(some, states);
            states.flip();
            for (int i = 0; i < some.size(); i++) {
                all.add(mean(states, encoder.tokens(), encoder.width()));
            }
            progress.accept(all.size());
        }
        return all;
    }

    /** Takes the states of one text; the number of tokens falls out when the length becomes one. */
    private static float[] mean(FloatBuffer states, int tokens, int width) {
        float[] sum = new float[width];
        for (int token = 0; token < tokens; token++) {
            for (int i = 0; i < width; i++) {
                sum[i] += states.get();
            }
        }
        return Vectors.normalized(sum);
    }
}
