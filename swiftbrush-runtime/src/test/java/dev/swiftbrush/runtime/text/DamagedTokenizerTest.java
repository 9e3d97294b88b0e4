package dev.swiftbrush.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DamagedTokenizerTest {

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws IOException {
        TinyTokenizer.write(folder);
    }

    @Test
    void refusesAFolderWithoutATokenizer() throws IOException {
        Files.delete(folder.resolve("merges.txt"));
        refuses(folder
                + " must hold tokenizer.json, or vocab.json and merges.txt; is it a checkpoint's tokenizer folder?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]                        | vocab.json must hold a JSON object",
                "{}                        | vocab.json: the vocabulary is empty",
                "{\"a\": -1}               | vocab.json: the id of token 'a' must be from 0 to 999999, but was -1",
                "{\"a\": 1000000}          | vocab.json: the id of token 'a' must be from 0 to 999999, but was 1000000",
                "{\"a\": 9999999999}       | vocab.json: the id of token 'a' must be from 0 to 999999, but was 9999999999",
                "{\"a\": \"0\"}            | vocab.json: the id of token 'a' must be a whole number, but was 0",
                "{\"a\": 0.5}              | vocab.json: the id of token 'a' must be a whole number, but was 0.5",
                "{\"a\": 0, \"b\": 0}      | vocab.json: the id 0 of token 'b' is another token's too",
                "{\"a\": 0} {}             | vocab.json goes on after its JSON object",
                "{\"a\": 0, \"a\": 1}      | vocab.json is not valid JSON: Duplicate field 'a'",
            })
    void refusesADamagedVocabulary(String json, String message) throws IOException {
        Files.writeString(folder.resolve("vocab.json"), json);
        refuses(folder.resolve(message).toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "a|, line 2: a merge must be two tokens with a space between, but was 'a'",
                "a b</w> a|, line 2: a merge must be two tokens with a space between, but was 'a b</w> a'",
                "a |, line 2: a merge must be two tokens with a space between, but was 'a '",
                "`\na b</w>`|, line 2: a merge must be two tokens with a space between, but was ''",
                "a c|, line 2: the vocabulary has no token 'c', which the merge 'a c' needs",
                "b a</w>|, line 2: the vocabulary has no token 'ba</w>', which the merge 'b a</w>' needs",
            })
    void refusesADamagedMerge(String lines, String message) throws IOException {
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + lines + "\n");
        refuses(folder.resolve("merges.txt") + message);
    }

    @Test
    void refusesMergesThatAreNotText() throws IOException {
        Files.write(folder.resolve("merges.txt"), new byte[] {'a', ' ', (byte) 0xC3});
        refuses(folder.resolve("merges.txt") + " is not valid UTF-8");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}                                  | tokenizer.json has no model; is it a tokenizer of the tokenizers library?",
                "{\"model\": null}                   | tokenizer.json: model must be an object, but was null",
                "{\"model\": {\"type\": \"Unigram\"}} | tokenizer.json holds a model of type Unigram, and only CLIP's BPE is supported",
                "{\"model\": {\"type\": \"BPE\"}}     | tokenizer.json: end_of_word_suffix must be '</w>' as in CLIP's tokenizer, but was absent",
                "{\"model\": {\"end_of_word_suffix\": \"</w>\", \"vocab\": {\"a\": 0}}} | tokenizer.json: the BPE model has no merges",
                "{\"model\": {\"end_of_word_suffix\": \"</w>\", \"merges\": []}} | tokenizer.json: the BPE model has no vocab",
                "{\"model\": {\"vocab\": []}}        | tokenizer.json: the vocabulary must be an object of tokens and ids",
                "{\"model\": {\"merges\": {}}}       | tokenizer.json: merges must be a list, but was {",
                "{\"model\": {\"merges\": [1]}}      | tokenizer.json: merge 0 must be two tokens, but was 1",
                "{\"model\": {\"merges\": [[\"a\"]]}} | tokenizer.json, merge 0: a merge must be two tokens",
                "{\"model\": {\"merges\": [[\"a\", 1]]}} | tokenizer.json, merge 0: a merge must be two tokens",
                "{\"added_tokens\": [{\"content\": \"a\"}]} | tokenizer.json: the id of added token 0 must be a whole number, but was ",
                "{\"added_tokens\": [{\"id\": 1}]}   | tokenizer.json: added token 0 must be a token's text or an object with its content, but was {\"id\":1}",
                "{\"added_tokens\": [{\"id\": 1, \"content\": \"a\", \"lstrip\": 2}]} | tokenizer.json: lstrip of added token 0 must be true or false, but was 2",
            })
    void refusesADamagedTokenizerJson(String json, String message) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), json);
        assertThatThrownBy(this::open)
                .isInstanceOf(ModelException.class)
                .satisfies(e -> assertThat(e.getMessage().strip())
                        .isEqualTo(folder.resolve(message).toString().strip()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"tokenizer_class\": \"T5Tokenizer\"} | : tokenizer_class must be CLIPTokenizer, but was T5Tokenizer",
                "{\"padding_side\": \"left\"}        | : padding_side must be \"right\", but was \"left\"",
                "{\"split_special_tokens\": true}    | : split_special_tokens must be false, but was true",
                "{\"model_max_length\": 2}           | : model_max_length must be a number of at least 3, but was 2",
                "{\"model_max_length\": \"77\"}      | : model_max_length must be a number of at least 3, but was \"77\"",
                "{\"pad_token\": null}               | : pad_token must be a token's text or an object with its content, but was null",
                "{\"pad_token\": \"\"}               | : pad_token must be a token's text or an object with its content, but was \"\"",
                "{\"pad_token\": [1]}                | : pad_token must be a token's text or an object with its content, but was [1]",
                "{\"extra_special_tokens\": \"a\"}   | : extra_special_tokens must be a list of tokens, but was \"a\"",
                "{\"added_tokens_decoder\": []}      | : added_tokens_decoder must be an object of ids and tokens, but was []",
                "{\"added_tokens_decoder\": {\"x\": \"a\"}} | : the id of token x of added_tokens_decoder must be a whole number, but was x",
            })
    void refusesADamagedConfig(String json, String message) throws IOException {
        Path config = Files.writeString(folder.resolve("tokenizer_config.json"), json);
        refuses(config + message);
    }

    @Test
    void refusesAPadTokenThatTheVocabularyLacks() throws IOException {
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"!\"}");
        refuses(folder + ": the special token '!' is neither in the vocabulary nor among the added tokens");
    }

    @Test
    void refusesAnAddedTokenWithAnIdThatItDoesNotGet() throws IOException {
        Files.writeString(folder.resolve("added_tokens.json"), "{\"b\": 7}");
        refuses(folder + ": the added token 'b' is declared with id 7, but the vocabulary gives it 1");
    }

    @Test
    void refusesAnAddedTokenTwice() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"added_tokens_decoder\": {\"7\": \"<x>\", \"8\": \"<x>\"}}");
        refuses(folder + ": the added token '<x>' is declared twice");
    }

    @Test
    void refusesNestingThatIsTooDeep() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), "{\"x\": " + "[".repeat(100_000));
        assertThatThrownBy(this::open)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(folder.resolve("tokenizer.json") + " is not valid JSON: ")
                .hasMessageContaining("nesting depth");
    }

    @ParameterizedTest
    @CsvSource({"tokenizer.json, 64", "vocab.json, 16", "merges.txt, 16", "tokenizer_config.json, 4"})
    void refusesAFileThatIsTooLargeUnread(String name, int limit) throws IOException {
        Path file = folder.resolve(name);
        long size = ((long) limit << 20) + 1;
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(size);
        }
        refuses("%s has %d bytes, and at most %d MiB are read".formatted(file, size, limit));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"})
    void refusesWhatIsNotAFile(String name) throws IOException {
        Files.deleteIfExists(folder.resolve(name));
        Files.createDirectory(folder.resolve(name));
        refuses(folder.resolve(name) + " is not a regular file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"})
    void refusesWhatGitLeavesInPlaceOfALargeFile(String name) throws IOException {
        Files.writeString(folder.resolve(name), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        refuses(folder.resolve(name) + " is a Git LFS pointer and not the file itself; fetch it with git lfs pull");
    }

    @Test
    void saysWhereWhatIsNotClosedBegan() throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0");
        refuses(
                folder.resolve("vocab.json")
                        + " is not valid JSON: Unexpected end-of-input: expected close marker for Object (start marker at line: 1, column: 1)");
    }

    @Test
    void refusesMoreMergesThanThereCanBeTokens() throws IOException {
        Files.writeString(folder.resolve("merges.txt"), "a b</w>\n".repeat(1_000_001));
        refuses(folder.resolve("merges.txt") + " has more than 1000000 merges");
    }

    @Test
    void survivesAnyDamageToATokenizerJson() throws IOException {
        byte[] whole = TinyTokenizer.JSON.getBytes(StandardCharsets.UTF_8);
        Random random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            Files.write(folder.resolve("tokenizer.json"), damaged);
            try {
                open();
            } catch (ModelException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(100, 399);
    }

    private void refuses(String message) {
        assertThatThrownBy(this::open).isInstanceOf(ModelException.class).hasMessage(message);
    }

    private void open() {
        try (PromptTokenizer tokenizer = ClipTokenizer.open(folder, 8)) {
            tokenizer.tokenize("ab");
        }
    }
}
