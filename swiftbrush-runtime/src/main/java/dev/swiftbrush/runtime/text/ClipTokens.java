package dev.swiftbrush.runtime.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/**
 * CLIP's 49,408 tokens: the 256 bytes, alone and at the end of a word, what its 48,894 merges make of them, and the two special
 * tokens.
 *
 * @see <a href="https://github.com/openai/CLIP/blob/main/clip/simple_tokenizer.py">The order of the tokens</a>
 */
final class ClipTokens {
    /** CLIP's merges, one a line, in their order; their licence lies beside them. */
    private static final String MERGES = "clip-merges.txt.gz";

    private static final String WORD_END = "</w>";

    private ClipTokens() {}

    static BpeModel model() {
        List<BpeModel.Merge> merges = new ArrayList<>();
        List<String> tokens = new ArrayList<>(byteCharacters());
        byteCharacters().forEach(letter -> tokens.add(letter + WORD_END));
        merges().lines().forEach(line -> {
            int space = line.indexOf(' ');
            BpeModel.Merge merge = new BpeModel.Merge(line.substring(0, space), line.substring(space + 1));
            merges.add(merge);
            tokens.add(merge.left() + merge.right());
        });
        tokens.add(SpecialTokens.START);
        tokens.add(SpecialTokens.END);
        Map<String, Integer> ids = new LinkedHashMap<>();
        tokens.forEach(token -> ids.put(token, ids.size()));
        return new BpeModel(ids, merges);
    }

    /** The merges as a text, by which the vocabulary is known. */
    static String merges() {
        try (InputStream in = Objects.requireNonNull(ClipTokens.class.getResourceAsStream(MERGES), MERGES)) {
            return new String(new GZIPInputStream(in).readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The characters that stand for bytes: the printable ones of Latin-1 first, then stand-ins from U+0100 on. */
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
