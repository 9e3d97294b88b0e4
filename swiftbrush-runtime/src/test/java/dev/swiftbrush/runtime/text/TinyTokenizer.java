package dev.swiftbrush.runtime.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A tokenizer folder of seven tokens, of which a test spoils one file. */
final class TinyTokenizer {

    static final String VOCABULARY = """
            {"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab</w>": 4, "<|startoftext|>": 5, "<|endoftext|>": 6}""";

    static final String JSON = """
            {"added_tokens": [{"id": 5, "content": "<|startoftext|>", "special": true}],
             "pre_tokenizer": {"type": "ByteLevel"},
             "model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": %s, "merges": ["a b</w>"]}}""".formatted(VOCABULARY);

    private TinyTokenizer() {}

    static void write(Path folder) throws IOException {
        Files.writeString(folder.resolve("vocab.json"), VOCABULARY);
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b</w>\n");
    }
}
