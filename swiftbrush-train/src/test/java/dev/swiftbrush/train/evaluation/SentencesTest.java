package dev.swiftbrush.train.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.train.data.TextEncoder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SentencesTest {

    @Test
    void areTheMeanOfTokenStatesAtALengthOfOne() {
        List<float[]> embedded = Sentences.embed(List.of("ab", "a"), new Letters(), done -> {});
        assertThat(embedded.get(0)).containsExactly(new float[] {0.6f, 0.8f}, within(1e-6f));
        assertThat(embedded.get(1)).containsExactly(new float[] {1, 0}, within(1e-6f));
    }

    @Test
    void manyAreEncodedInParts() {
        List<String> texts =
                IntStream.range(0, 150).mapToObj(i -> i % 2 == 0 ? "a" : "b").toList();
        List<Integer> progress = new ArrayList<>();
        List<float[]> embedded = Sentences.embed(texts, new Letters(), progress::add);
        assertThat(embedded).hasSize(150);
        assertThat(embedded.get(149)).containsExactly(new float[] {0, 1}, within(1e-6f));
        assertThat(progress).containsExactly(64, 128, 150);
    }

    /** Two tokens of two numbers: a is (3, 0), b is (0, 4), and what is not there is zero. */
    private static final class Letters implements TextEncoder {
        @Override
        public int tokens() {
            return 2;
        }

        @Override
        public int width() {
            return 2;
        }

        @Override
        public String fingerprint() {
            return "letters";
        }

        @Override
        public void encode(List<String> prompts, FloatBuffer out) {
            for (String prompt : prompts) {
                for (int i = 0; i < tokens(); i++) {
                    char letter = i < prompt.length() ? prompt.charAt(i) : ' ';
                    out.put(letter == 'a' ? 3 : 0).put(letter == 'b' ? 4 : 0);
                }
            }
        }

        @Override
        public void close() {}
    }
}
