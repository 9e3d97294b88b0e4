package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A byte-pair encoding: tokens with their ids, and the pairs that are merged, first the most urgent.
 *
 * @param vocabulary no two tokens share an id
 * @param merges both sides and what they make are in the vocabulary
 */
record BpeModel(Map<String, Integer> vocabulary, List<Merge> merges) {

    static final int MAX_TOKENS = 1_000_000;
    private static final int MAX_MIB = 16;

    record Merge(String left, String right) {}

    /** Reads {@code vocab.json} and {@code merges.txt}. */
    static BpeModel read(Path vocabFile, Path mergesFile) {
        Map<String, Integer> vocabulary =
                JsonFiles.stream(vocabFile, MAX_MIB, parser -> readVocabulary(vocabFile, parser));
        return new BpeModel(vocabulary, readMerges(mergesFile, vocabulary));
    }

    /** Only a line feed ends a line, with or without a carriage return, as in the tokenizers library. */
    private static List<Merge> readMerges(Path file, Map<String, Integer> vocabulary) {
        String text = readText(file);
        List<Merge> merges = new ArrayList<>();
        int from = 0;
        for (int number = 1; from < text.length(); number++) {
            int feed = text.indexOf('\n', from);
            int end = feed < 0 ? text.length() : feed;
            String line = text.substring(from, end > from && text.charAt(end - 1) == '\r' ? end - 1 : end);
            if (!line.startsWith("#version")) {
                Merge merge = readMerge(file, "line " + number, line);
                checkMerge(vocabulary, merge, file, "line " + number);
                add(merges, merge, file);
            }
            from = end + 1;
        }
        return merges;
    }

    /** Checks the parts that {@code tokenizer.json} gives in any order. */
    static BpeModel of(Path file, Map<String, Integer> vocabulary, List<Merge> merges) {
        for (int i = 0; i < merges.size(); i++) {
            checkMerge(vocabulary, merges.get(i), file, "merge " + i);
        }
        return new BpeModel(vocabulary, merges);
    }

    /** Reads an object of tokens and ids; the parser stands on its opening brace and is left on its closing one. */
    static Map<String, Integer> readVocabulary(Path file, JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw new ModelException(file + ": the vocabulary must be an object of tokens and ids");
        }
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        BitSet taken = new BitSet();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String token = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
                throw new ModelException("%s: the id of token '%s' must be a whole number, but was %s"
                        .formatted(file, shortened(token), shortened(parser.getText())));
            }
            int id = parser.getNumberType() == JsonParser.NumberType.INT ? parser.getIntValue() : -1;
            if (id < 0 || id >= MAX_TOKENS) {
                throw new ModelException("%s: the id of token '%s' must be from 0 to %d, but was %s"
                        .formatted(file, shortened(token), MAX_TOKENS - 1, shortened(parser.getText())));
            }
            if (taken.get(id)) {
                throw new ModelException(
                        "%s: the id %d of token '%s' is another token's too".formatted(file, id, shortened(token)));
            }
            taken.set(id);
            vocabulary.put(token, id);
        }
        if (vocabulary.isEmpty()) {
            throw new ModelException(file + ": the vocabulary is empty");
        }
        return vocabulary;
    }

    static Merge readMerge(Path file, String where, String text) {
        int space = text.indexOf(' ');
        if (space <= 0 || space == text.length() - 1 || space != text.lastIndexOf(' ')) {
            throw new ModelException("%s, %s: a merge must be two tokens with a space between, but was '%s'"
                    .formatted(file, where, shortened(text)));
        }
        return new Merge(text.substring(0, space), text.substring(space + 1));
    }

    /** Adds a merge; each makes another token, so that there are no more merges than tokens. */
    static void add(List<Merge> merges, Merge merge, Path file) {
        if (merges.size() == MAX_TOKENS) {
            throw new ModelException("%s has more than %d merges".formatted(file, MAX_TOKENS));
        }
        merges.add(merge);
    }

    static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    private static void checkMerge(Map<String, Integer> vocabulary, Merge merge, Path file, String where) {
        for (String token : List.of(merge.left, merge.right, merge.left + merge.right)) {
            if (!vocabulary.containsKey(token)) {
                throw new ModelException("%s, %s: the vocabulary has no token '%s', which the merge '%s' needs"
                        .formatted(file, where, shortened(token), shortened(merge.left + " " + merge.right)));
            }
        }
    }

    private static String readText(Path file) {
        JsonFiles.checkSize(file, MAX_MIB);
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8);
            JsonFile.requireFetched(
                    file, text.substring(0, Math.min(24, text.length())).getBytes(StandardCharsets.UTF_8));
            return text;
        } catch (CharacterCodingException e) {
            throw new ModelException(file + " is not valid UTF-8", e);
        } catch (IOException e) {
            throw JsonFiles.unreadable(file, e);
        }
    }
}
