package dev.swiftbrush.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.PromptTruncation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against CLIPTokenizer of transformers 5.23.0, recorded by tools/reference/tokens.py. */
class ReferenceTokensTest {

    private static final Map<String, Integer> TOY = Map.of("<cat-toy>", 49408);

    private static JsonNode recorded;
    private static ClipVocabulary clip;

    @TempDir
    Path folder;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream in = ReferenceTokensTest.class.getResourceAsStream("/text/clip-tokens.json.gz")) {
            recorded = new ObjectMapper().readTree(new GZIPInputStream(in));
        }
        assertThat(recorded.get("prompts")).hasSize(429);
        clip = new ClipVocabulary();
        assertThat(clip.ids).hasSize(49_408);
    }

    @Test
    void agreesForStableDiffusion1AsPublished() throws IOException {
        clip.writeVocabularyAndMerges(folder);
        ClipVocabulary.writePublishedConfig(folder, ClipVocabulary.END, Map.of());
        agrees("sd1");
    }

    @Test
    void agreesForStableDiffusion2AsPublished() throws IOException {
        clip.writeVocabularyAndMerges(folder);
        ClipVocabulary.writePublishedConfig(folder, "!", Map.of());
        agrees("sd2");
    }

    @Test
    void agreesForTheTokenizersThatComeWithTheLibrary() {
        agrees("sd1", ClipTokenizer.published(ClipVocabulary.END, 77));
        agrees("sd2", ClipTokenizer.published("!", 77));
    }

    @Test
    void agreesForATextualInversionAsPublished() throws IOException {
        clip.writeVocabularyAndMerges(folder);
        ClipVocabulary.writePublishedConfig(folder, ClipVocabulary.END, TOY);
        agrees("inverted");
    }

    @Test
    void agreesForStableDiffusion1AsSavedToTokenizerJson() throws IOException {
        clip.writeTokenizerJson(folder, ClipVocabulary.END, Map.of());
        agrees("sd1");
    }

    @Test
    void agreesForStableDiffusion2AsSavedToTokenizerJson() throws IOException {
        clip.writeTokenizerJson(folder, "!", Map.of());
        agrees("sd2");
    }

    @Test
    void agreesForATextualInversionAsSavedToTokenizerJson() throws IOException {
        clip.writeTokenizerJson(folder, ClipVocabulary.END, TOY);
        agrees("inverted");
    }

    private void agrees(String variant) {
        agrees(variant, ClipTokenizer.open(folder, recorded.get("length").intValue()));
    }

    private static void agrees(String variant, PromptTokenizer opened) {
        int length = recorded.get("length").intValue();
        long pad = recorded.get("pad").get(variant).longValue();
        try (PromptTokenizer tokenizer = opened) {
            for (JsonNode line : recorded.get("prompts")) {
                String prompt = line.get("prompt").textValue();
                JsonNode expected = line.has(variant) ? line.get(variant) : line.get("sd1");
                long[] ids = new long[length];
                Arrays.fill(ids, pad);
                for (int i = 0; i < expected.get("ids").size(); i++) {
                    ids[i] = expected.get("ids").get(i).longValue();
                }
                PromptTruncation truncation = expected.has("dropped")
                        ? new PromptTruncation(
                                expected.get("tokens").intValue(),
                                length,
                                expected.get("dropped").textValue())
                        : null;

                TokenizedPrompt tokenized = tokenizer.tokenize(prompt);

                assertThat(tokenized.ids()).as("ids of %s", line.get("prompt")).isEqualTo(ids);
                assertThat(tokenized.truncation())
                        .as("truncation of %s", line.get("prompt"))
                        .isEqualTo(truncation);
            }
        }
    }
}
