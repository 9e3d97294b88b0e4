package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** CLIP's own 49,408 tokens, written as the files of a checkpoint's tokenizer folder. */
public final class ClipVocabulary {

    static final String START = "<|startoftext|>";
    public static final String END = "<|endoftext|>";

    final List<String> merges;
    final Map<String, Integer> ids = new LinkedHashMap<>();

    public ClipVocabulary() throws IOException {
        try (InputStream in = ClipVocabulary.class.getResourceAsStream("clip-merges.txt.gz")) {
            merges = new String(new GZIPInputStream(in).readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        List<String> letters = byteCharacters();
        letters.forEach(this::add);
        letters.forEach(letter -> add(letter + "</w>"));
        merges.forEach(merge -> add(merge.replace(" ", "")));
        add(START);
        add(END);
    }

    public void writeVocabularyAndMerges(Path folder) throws IOException {
        write(folder, "vocab.json", ids);
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + String.join("\n", merges) + "\n");
    }

    /** Laid out as {@code save_pretrained} of transformers 5.23.0 does. */
    void writeTokenizerJson(Path folder, String pad, Map<String, Integer> inverted) throws IOException {
        List<Object> added = new ArrayList<>();
        if (pad.equals("!")) {
            added.add(addedToken(0, "!", false, true));
        }
        added.add(addedToken(ids.get(START), START, true, true));
        added.add(addedToken(ids.get(END), END, !pad.equals(END), true)); // the pad token is given by its text alone
        inverted.forEach((token, id) -> added.add(addedToken(id, token, true, false)));
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("unk_token", END);
        model.put("continuing_subword_prefix", "");
        model.put("end_of_word_suffix", "</w>");
        model.put("vocab", ids);
        model.put("merges", merges.stream().map(merge -> merge.split(" ")).toList());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", null);
        json.put("padding", null);
        json.put("added_tokens", added);
        json.put("normalizer", Map.of("type", "Lowercase"));
        json.put("model", model);
        write(folder, "tokenizer.json", json);
        write(
                folder,
                "tokenizer_config.json",
                Map.of(
                        "backend", "tokenizers",
                        "bos_token", START,
                        "eos_token", END,
                        "model_max_length", 77,
                        "pad_token", pad,
                        "tokenizer_class", "CLIPTokenizer",
                        "unk_token", END));
    }

    /** Laid out as the published Stable Diffusion checkpoints: the pad token stands in special_tokens_map.json alone. */
    public static void writePublishedConfig(Path folder, String pad, Map<String, Integer> inverted) throws IOException {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("add_prefix_space", false);
        config.put("bos_token", namedToken(START));
        config.put("do_lower_case", true);
        config.put("eos_token", namedToken(END));
        config.put("model_max_length", 77);
        config.put("pad_token", END);
        config.put("tokenizer_class", "CLIPTokenizer");
        config.put("unk_token", namedToken(END));
        write(folder, "tokenizer_config.json", config);
        Map<String, Object> names = new LinkedHashMap<>();
        names.put("bos_token", namedToken(START));
        names.put("eos_token", namedToken(END));
        names.put("pad_token", pad);
        names.put("unk_token", namedToken(END));
        write(folder, "special_tokens_map.json", names);
        if (!inverted.isEmpty()) {
            write(folder, "added_tokens.json", inverted);
        }
    }

    static void write(Path folder, String file, Object json) throws IOException {
        new ObjectMapper().writeValue(folder.resolve(file).toFile(), json);
    }

    private void add(String token) {
        ids.put(token, ids.size());
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

    private static Map<String, Object> addedToken(int id, String content, boolean normalized, boolean special) {
        Map<String, Object> token = new LinkedHashMap<>(namedToken(content));
        token.put("id", id);
        token.put("normalized", normalized);
        token.put("special", special);
        return token;
    }

    private static Map<String, Object> namedToken(String content) {
        return Map.of("content", content, "lstrip", false, "normalized", true, "rstrip", false, "single_word", false);
    }
}
