package dev.swiftbrush.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.PromptTruncation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptTokenizerTest {

    private static final int API_LIMIT = 100_000;

    @TempDir
    static Path clipFolder;

    private static ClipTokenizer clip;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() throws IOException {
        new ClipVocabulary().writeVocabularyAndMerges(clipFolder);
        clip = ClipTokenizer.open(clipFolder, 77);
    }

    @AfterAll
    static void close() {
        clip.close();
    }

    @Test
    void takesTheStartEndAndPadTokenOfClipWhenNoFileNamesThem() {
        TokenizedPrompt tokenized = clip.tokenize("A photo of a cat");

        assertThat(tokenized.ids()).hasSize(77).startsWith(49406, 320, 1125, 539, 320, 2368, 49407, 49407);
        assertThat(tokenized.truncation()).isNull();
        assertThat(clip.maxLength()).isEqualTo(77);
        assertThat(clip.vocabularySize()).isEqualTo(49_408);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "é", "!", "?!", "cat ", "😀", "\u0301", " ", "\u0000", "ab!"})
    void readsAPromptOfTheGreatestLengthThatTheApiAllows(String part) {
        String prompt = part.repeat(API_LIMIT / part.length());

        TokenizedPrompt tokenized = clip.tokenize(prompt);

        assertThat(tokenized.ids()).hasSize(77);
        if (part.isBlank()) {
            assertThat(tokenized.truncation()).isNull();
        } else {
            assertThat(tokenized.ids()).endsWith(49407);
            assertThat(tokenized.truncation().tokens()).isGreaterThan(API_LIMIT / 20);
            assertThat(prompt).endsWith(tokenized.truncation().dropped());
        }
    }

    @Test
    void saysWhatWasDroppedWithoutCuttingACharacterInTwo() {
        String kept = "cat ".repeat(73);
        // an emoji of two tokens, the first of which is still read
        TokenizedPrompt tokenized = clip.tokenize(kept + "a 🫠🫠 end");

        assertThat(tokenized.truncation().limit()).isEqualTo(77);
        assertThat(tokenized.truncation().dropped()).isEqualTo("🫠🫠 end");
    }

    @Test
    void countsDroppedTextInThePromptAsWritten() {
        // the normaliser shortens both what is kept and what is dropped
        TokenizedPrompt tokenized = clip.tokenize("e\u0301   ".repeat(75) + "Tail   e\u0301 END");

        assertThat(tokenized.truncation()).isEqualTo(new PromptTruncation(80, 77, "Tail   e\u0301 END"));
    }

    @ParameterizedTest
    @CsvSource({"'\uD83D cat', D83D, 0", "'cat \uDE00', DE00, 4", "'\uD83D\uDE00\uD83D', D83D, 2"})
    void refusesHalfOfASurrogatePair(String prompt, String unit, int index) {
        assertThatThrownBy(() -> clip.tokenize(prompt))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "prompt must be valid Unicode, but has half of a surrogate pair (U+%s) at index %d",
                        unit, index);
    }

    @Test
    void givesEachOfManyThreadsTheSameIds() throws InterruptedException, ExecutionException {
        List<String> prompts = IntStream.range(0, 200)
                .mapToObj(i -> "a cat number " + i + " 😀 " + "x".repeat(i))
                .toList();
        List<long[]> alone =
                prompts.stream().map(prompt -> clip.tokenize(prompt).ids()).toList();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<TokenizedPrompt>> together = prompts.stream()
                    .map(prompt -> threads.submit(() -> clip.tokenize(prompt)))
                    .toList();
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(together.get(i).get().ids()).isEqualTo(alone.get(i));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void refusesPromptsAfterClose() throws IOException {
        TinyTokenizer.write(folder);
        ClipTokenizer tokenizer = ClipTokenizer.open(folder, 8);
        tokenizer.close();
        tokenizer.close();

        assertThatThrownBy(() -> tokenizer.tokenize("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the tokenizer is closed");
    }

    @Test
    void readsAReducedVocabulary() throws IOException {
        TinyTokenizer.write(folder);
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 6)) {
            assertThat(tokenizer.tokenize("ab A b").ids()).containsExactly(5, 4, 2, 3, 6, 6);
            assertThat(tokenizer.vocabularySize()).isEqualTo(7);
        }
    }

    @Test
    void takesTokenizerJsonBeforeVocabularyAndMerges() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), TinyTokenizer.JSON);
        Files.writeString(folder.resolve("vocab.json"), "{}");
        Files.writeString(folder.resolve("merges.txt"), "");
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 4)) {
            assertThat(tokenizer.tokenize("AB").ids()).containsExactly(5, 4, 6, 6);
        }
    }

    @ParameterizedTest
    @CsvSource({"5, 5", "9, 8", "1000000000000000019884624838656, 8", "1e30, 8", "null, 8"})
    void isAsLongAsTheTokenizerSaysButNoLongerThanTheTextEncoder(String modelMaxLength, int length) throws IOException {
        TinyTokenizer.write(folder);
        config("{\"model_max_length\": %s}", modelMaxLength);
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 8)) {
            assertThat(tokenizer.maxLength()).isEqualTo(length);
            assertThat(tokenizer.tokenize("a").ids()).hasSize(length);
        }
    }

    @Test
    void readsTheSpecialTokensMapOverTheConfig() throws IOException {
        TinyTokenizer.write(folder);
        config("{\"pad_token\": \"<|endoftext|>\"}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": {\"content\": \"a\"}}");
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 5)) {
            assertThat(tokenizer.tokenize("ab").ids())
                    .as("the pad token is special inside")
                    .containsExactly(5, 0, 3, 6, 0);
        }
    }

    @Test
    void leavesTheSpecialTokensMapAsideWhenTheConfigHasAnAddedTokensDecoder() throws IOException {
        TinyTokenizer.write(folder);
        config("{\"added_tokens_decoder\": {\"6\": {\"content\": \"<|endoftext|>\", \"special\": true}}}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"a\"}");
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 5)) {
            assertThat(tokenizer.tokenize("b").ids()).containsExactly(5, 3, 6, 6, 6);
        }
    }

    @Test
    void givesAnAddedTokenTheIdAfterTheVocabulary() throws IOException {
        TinyTokenizer.write(folder);
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<toy>\": 7}");
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 5)) {
            assertThat(tokenizer.tokenize("a<toy>").ids()).containsExactly(5, 2, 7, 6, 6);
            assertThat(tokenizer.vocabularySize()).isEqualTo(8);
        }
    }

    @Test
    void refusesALengthWithoutRoomForAWord() {
        assertThatThrownBy(() -> ClipTokenizer.open(folder, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxLength must be at least 3, but was 2");
        assertThatThrownBy(() -> ClipTokenizer.published("!", 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxLength must be at least 3, but was 2");
    }

    @Test
    void refusesACharacterWithoutAnUnknownToken() throws IOException {
        TinyTokenizer.write(folder);
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<unk>\": 7}");
        config("{\"unk_token\": \"<unk>\"}");
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 5)) {
            assertThatThrownBy(() -> tokenizer.tokenize("c"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageStartingWith("the prompt cannot be tokenized: ");
        }
    }

    private void config(String json, Object... arguments) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), json.formatted(arguments));
    }
}
