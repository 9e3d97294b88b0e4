package dev.swiftbrush.runtime.text;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.PromptTruncation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns prompts into the token ids that transformers 5.23.0 gives for a checkpoint's {@code tokenizer} folder.
 *
 * <p>CLIP's tokenizer lower-cases and splits a prompt, puts a start and an end token around it and fills up with the pad
 * token, which is the end token in Stable Diffusion 1.x and "!" in 2.x. A pad token is a special token, and so every "!"
 * in a prompt for 2.x becomes the pad token's id.
 *
 * <p>Thread-safe; {@link #close} waits for the prompts in work.
 */
public final class ClipTokenizer implements PromptTokenizer {

    private final NativeTokenizer tokenizer;
    private final long startId;
    private final long endId;
    private final long padId;
    private final int maxLength;
    private final int vocabularySize;

    private ClipTokenizer(
            NativeTokenizer tokenizer, long startId, long endId, long padId, int maxLength, int vocabularySize) {
        this.tokenizer = tokenizer;
        this.startId = startId;
        this.endId = endId;
        this.padId = padId;
        this.maxLength = maxLength;
        this.vocabularySize = vocabularySize;
    }

    /**
     * Reads {@code tokenizer.json}, or {@code vocab.json} with {@code merges.txt}, and the special tokens beside them.
     *
     * @param folder a checkpoint's {@code tokenizer} folder
     * @param maxLength the tokens that the text encoder reads ({@code max_position_embeddings}); prompts have this
     *     length unless the tokenizer's own {@code model_max_length} is lower
     * @throws ModelException if a file is absent, damaged, over its limit of size (64 MiB for tokenizer.json, 16 MiB for
     *     vocab.json and merges.txt, 4 MiB for the others) or not CLIP's
     * @throws IllegalArgumentException if {@code maxLength} is below 3
     */
    public static ClipTokenizer open(Path folder, int maxLength) {
        requireLength(maxLength);
        Path jsonFile = folder.resolve("tokenizer.json");
        BpeModel model;
        SpecialTokens special;
        if (Files.exists(jsonFile)) {
            TokenizerJson json = TokenizerJson.read(jsonFile);
            model = json.model();
            special = SpecialTokens.read(folder, json.added());
        } else {
            model = readVocabularyAndMerges(folder);
            special = SpecialTokens.read(folder, Map.of());
        }
        return open(folder, model, special, maxLength);
    }

    /**
     * The tokenizer of every Stable Diffusion 1.x and 2.x, whose vocabulary comes with this library.
     *
     * @param padToken {@code <|endoftext|>} in 1.x, {@code !} in 2.x
     * @param maxLength the tokens that the text encoder reads; prompts have this length unless it is above 77
     * @throws IllegalArgumentException if {@code maxLength} is below 3
     */
    public static ClipTokenizer published(String padToken, int maxLength) {
        requireLength(maxLength);
        return open(Path.of("this library"), ClipTokens.model(), SpecialTokens.ofClip(padToken), maxLength);
    }

    /** All that decides the ids of {@link #published}, as a text to be hashed. */
    public static String describePublished(String padToken) {
        return "pad=" + padToken + "\n" + ClipTokens.merges();
    }

    private static void requireLength(int maxLength) {
        if (maxLength < 3) {
            throw new IllegalArgumentException("maxLength must be at least 3, but was " + maxLength);
        }
    }

    private static BpeModel readVocabularyAndMerges(Path folder) {
        Path vocabulary = folder.resolve("vocab.json");
        Path merges = folder.resolve("merges.txt");
        if (!Files.exists(vocabulary) || !Files.exists(merges)) {
            throw new ModelException(
                    "%s must hold tokenizer.json, or vocab.json and merges.txt; is it a checkpoint's tokenizer folder?"
                            .formatted(folder));
        }
        return BpeModel.read(vocabulary, merges);
    }

    private static ClipTokenizer open(Path folder, BpeModel model, SpecialTokens special, int maxLength) {
        AddedIds added = AddedIds.assign(folder, model.vocabulary(), special);
        String json = ClipTokenizerJson.write(model, special.unknown(), added.ids());
        return new ClipTokenizer(
                NativeTokenizer.open("the tokenizer in " + folder, json),
                added.id(special.start()),
                added.id(special.end()),
                added.id(special.pad()),
                special.modelMaxLength() == null ? maxLength : Math.min(maxLength, special.modelMaxLength()),
                added.size(model.vocabulary()));
    }

    @Override
    public TokenizedPrompt tokenize(String prompt) {
        PromptTokenizer.requireUnicode(prompt);
        long[] words = tokenizer.words(prompt);
        int kept = Math.min(words.length, maxLength - 2);
        long[] ids = new long[maxLength];
        ids[0] = startId;
        System.arraycopy(words, 0, ids, 1, kept);
        ids[kept + 1] = endId;
        Arrays.fill(ids, kept + 2, maxLength, padId);
        return new TokenizedPrompt(ids, truncation(prompt, words.length, kept));
    }

    @Override
    public int maxLength() {
        return maxLength;
    }

    /** One more than the largest id a prompt can have; the text encoder needs that many embeddings. */
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private @Nullable PromptTruncation truncation(String prompt, int words, int kept) {
        if (words == kept) {
            return null;
        }
        int from = prompt.offsetByCodePoints(0, tokenizer.codePointsBefore(prompt, kept, false));
        return new PromptTruncation(words + 2, maxLength, prompt.substring(from));
    }
}
