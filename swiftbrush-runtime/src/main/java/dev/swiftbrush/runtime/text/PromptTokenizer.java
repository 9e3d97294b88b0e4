package dev.swiftbrush.runtime.text;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.PromptTruncation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Turns prompts into the token ids that transformers 5.23.0 gives for a checkpoint's {@code tokenizer} folder.
 *
 * <p>CLIP's tokenizer lower-cases and splits a prompt, puts a start and an end token around it and fills up with the pad
 * token, which is the end token in Stable Diffusion 1.x and "!" in 2.x. A pad token is a special token, and so every "!"
 * in a prompt for 2.x becomes the pad token's id.
 *
 * <p>Thread-safe; {@link #close} waits for the prompts in work.
 */
public final class PromptTokenizer implements AutoCloseable {

    /** Names of the files that may be in a {@code tokenizer} folder and say how it works. */
    public static final List<String> FILES = List.of(
            "tokenizer.json",
            "vocab.json",
            "merges.txt",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json");

    private final NativeTokenizer tokenizer;
    private final long startId;
    private final long endId;
    private final long padId;
    private final int maxLength;
    private final int vocabularySize;

    private PromptTokenizer(
            NativeTokenizer tokenizer, long startId, long endId, long padId, int maxLength, int vocabularySize) {
        this.tokenizer = tokenizer;
        this.startId = startId;
        this.endId = endId;
        this.padId = padId;
        this.maxLength = maxLength;
        this.vocabularySize = vocabularySize;
    }

    /**
     * Loads the native library, if it is not yet. If that fails, {@link #open} says why; a thread that is interrupted
     * meanwhile would spoil it for the whole life of the JVM, so it is for threads that nobody interrupts.
     */
    public static void load() {
        try {
            NativeTokenizer.load();
        } catch (ModelException e) {
            LoggerFactory.getLogger(PromptTokenizer.class).debug("The tokenizers library cannot be loaded", e);
        }
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
    public static PromptTokenizer open(Path folder, int maxLength) {
        if (maxLength < 3) {
            throw new IllegalArgumentException("maxLength must be at least 3, but was " + maxLength);
        }
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

    private static PromptTokenizer open(Path folder, BpeModel model, SpecialTokens special, int maxLength) {
        AddedIds added = AddedIds.assign(folder, model.vocabulary(), special);
        String json = ClipTokenizerJson.write(model, special.unknown(), added.ids());
        return new PromptTokenizer(
                create(folder, json),
                added.id(special.start()),
                added.id(special.end()),
                added.id(special.pad()),
                special.modelMaxLength() == null ? maxLength : Math.min(maxLength, special.modelMaxLength()),
                added.size(model.vocabulary()));
    }

    private static NativeTokenizer create(Path folder, String json) {
        try {
            return new NativeTokenizer(json);
        } catch (ModelException e) {
            throw e;
        } catch (RuntimeException e) { // the only type that the native library throws
            throw new ModelException("the tokenizer in %s cannot be built: %s".formatted(folder, e.getMessage()), e);
        }
    }

    /**
     * Turns a prompt into ids; of one that is too long the start is kept, and the end token after it.
     *
     * @throws IllegalArgumentException if the prompt is not valid Unicode: half of a surrogate pair stands alone
     * @throws ModelException if a character has no token in a reduced vocabulary
     * @throws IllegalStateException after {@link #close}
     */
    public TokenizedPrompt tokenize(String prompt) {
        requireUnicode(prompt);
        long[] words = encode(prompt);
        int kept = Math.min(words.length, maxLength - 2);
        long[] ids = new long[maxLength];
        ids[0] = startId;
        System.arraycopy(words, 0, ids, 1, kept);
        ids[kept + 1] = endId;
        Arrays.fill(ids, kept + 2, maxLength, padId);
        return new TokenizedPrompt(ids, truncation(prompt, words.length, kept));
    }

    /** How many ids every prompt has, start and end token included. */
    public int maxLength() {
        return maxLength;
    }

    /** One more than the largest id a prompt can have; the text encoder needs that many embeddings. */
    public int vocabularySize() {
        return vocabularySize;
    }

    /** Frees the native tokenizer; further prompts are refused. */
    @Override
    public void close() {
        tokenizer.close();
    }

    private long[] encode(String prompt) {
        try {
            return tokenizer.ids(prompt);
        } catch (IllegalStateException e) {
            throw e;
        } catch (RuntimeException e) { // the only type that the native library throws
            throw new ModelException("the prompt cannot be tokenized: " + e.getMessage(), e);
        }
    }

    private @Nullable PromptTruncation truncation(String prompt, int words, int kept) {
        if (words == kept) {
            return null;
        }
        int from = prompt.offsetByCodePoints(0, tokenizer.codePointsBefore(prompt, kept));
        return new PromptTruncation(words + 2, maxLength, prompt.substring(from));
    }

    /**
     * Checks what {@link #tokenize} asks of every prompt.
     *
     * @throws IllegalArgumentException if half of a surrogate pair stands alone
     */
    public static void requireUnicode(String prompt) {
        for (int i = 0; i < prompt.length(); i++) {
            char c = prompt.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < prompt.length()
                    && Character.isLowSurrogate(prompt.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw new IllegalArgumentException(
                        "prompt must be valid Unicode, but has half of a surrogate pair (U+%04X) at index %d"
                                .formatted((int) c, i));
            }
        }
    }
}
