package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.PromptTruncation;
import java.util.Arrays;

/**
 * A {@code tokenizer.json} of the tokenizers library, taken as it stands: its normaliser, its splitting, its vocabulary and
 * the tokens that it puts around a prompt. Only its truncation and its padding are not asked for: a prompt has as many
 * tokens as it has, and {@link TokenizedPrompt#PADDING} stands behind them.
 */
public final class JsonTokenizer implements PromptTokenizer {
    private static final int MAX_MIB = 64;

    private final NativeTokenizer tokenizer;
    private final int maxLength;

    private JsonTokenizer(NativeTokenizer tokenizer, int maxLength) {
        this.tokenizer = tokenizer;
        this.maxLength = maxLength;
    }

    /**
     * Reads a tokenizer.
     *
     * @param source what messages call it
     * @param json at most 64 MiB
     * @param maxLength how many ids every prompt has
     * @throws ModelException if it is damaged or too large, or leaves no room for a prompt
     */
    public static JsonTokenizer open(String source, byte[] json, int maxLength) {
        ObjectNode root = JsonFiles.readObject(source, json, MAX_MIB);
        root.putNull("truncation");
        root.putNull("padding");
        NativeTokenizer tokenizer = NativeTokenizer.open(source, root.toString());
        try {
            int added = tokenizer.encode("").ids().length;
            if (added >= maxLength) {
                throw new ModelException("%s puts %d tokens around every prompt, but max_length is %d; raise it"
                        .formatted(source, added, maxLength));
            }
            return new JsonTokenizer(tokenizer, maxLength);
        } catch (RuntimeException | Error e) {
            tokenizer.close();
            throw e;
        }
    }

    @Override
    public TokenizedPrompt tokenize(String prompt) {
        PromptTokenizer.requireUnicode(prompt);
        NativeTokenizer.Encoded encoded = tokenizer.encode(prompt);
        long[] all = encoded.ids();
        long[] ids = Arrays.copyOf(all, maxLength);
        if (all.length <= maxLength) {
            Arrays.fill(ids, all.length, maxLength, TokenizedPrompt.PADDING);
            return new TokenizedPrompt(ids, null);
        }
        int behind = encoded.addedBehind();
        int kept = maxLength - behind;
        System.arraycopy(all, all.length - behind, ids, kept, behind);
        return new TokenizedPrompt(ids, truncation(prompt, all.length, kept));
    }

    /** @param kept tokens from the first on, so that the token at this index is the first that was dropped */
    private PromptTruncation truncation(String prompt, int tokens, int kept) {
        int from = prompt.offsetByCodePoints(0, tokenizer.codePointsBefore(prompt, kept, true));
        return new PromptTruncation(tokens, maxLength, prompt.substring(from));
    }

    @Override
    public int maxLength() {
        return maxLength;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
