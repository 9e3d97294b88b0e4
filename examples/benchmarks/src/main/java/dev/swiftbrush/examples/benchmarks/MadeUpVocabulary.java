package dev.swiftbrush.examples.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tokens as many as CLIP has and built like CLIP's, but made up: all pairs of letters, all triples, and so on. */
final class MadeUpVocabulary {
    private static final String END_OF_WORD = "</w>";
    private static final List<String> SPECIAL = List.of("<|startoftext|>", "<|endoftext|>");

    private final Map<String, Integer> ids = new LinkedHashMap<>();
    private final List<String> merges = new ArrayList<>();

    private MadeUpVocabulary() {}

    /** A vocabulary of {@code size} tokens, at least the 514 that spell every text. */
    static MadeUpVocabulary of(int size) {
        MadeUpVocabulary made = new MadeUpVocabulary();
        List<String> bytes = byteCharacters();
        bytes.forEach(made::add);
        bytes.forEach(character -> made.add(character + END_OF_WORD));
        made.merge(size - SPECIAL.size());
        SPECIAL.forEach(made::add);
        return made;
    }

    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        try (OutputStream out = Files.newOutputStream(folder.resolve("vocab.json"))) {
            new ObjectMapper().writeValue(out, ids);
        }
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + String.join("\n", merges) + "\n");
    }

    private void merge(int size) {
        List<String> shorter = letters();
        while (true) {
            List<String> longer = new ArrayList<>();
            for (String start : shorter) {
                for (String letter : letters()) {
                    for (String end : List.of(letter, letter + END_OF_WORD)) {
                        if (ids.size() == size) {
                            return;
                        }
                        merges.add(start + " " + end);
                        add(start + end);
                    }
                    longer.add(start + letter);
                }
            }
            shorter = longer;
        }
    }

    private void add(String token) {
        ids.put(token, ids.size());
    }

    private static List<String> letters() {
        return "abcdefghijklmnopqrstuvwxyz"
                .chars()
                .mapToObj(Character::toString)
                .toList();
    }

    /** The 256 characters that stand for bytes: the printable ones of Latin-1 first, then stand-ins from U+0100 on. */
    private static List<String> byteCharacters() {
        List<String> characters = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            if (b > 0x20 && b < 0x7F || b > 0xA0 && b != 0xAD) {
                characters.add(Character.toString(b));
            }
        }
        for (int standIn = 0x100; characters.size() < 256; standIn++) {
            characters.add(Character.toString(standIn));
        }
        return characters;
    }
}
