package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a tokenizer's folder says of its special tokens and its length, in the order of precedence of transformers 5:
 * {@code tokenizer_config.json}; with {@code added_tokens_decoder} in it nothing else is read, without it
 * {@code special_tokens_map.json} overrides its names, and {@code added_tokens.json} and {@code tokenizer.json} add
 * tokens.
 *
 * @param declared the added tokens that the files give ids
 * @param undeclared special tokens that are only named
 * @param modelMaxLength at least 3, absent if the files set no limit that an int can hold
 */
record SpecialTokens(
        String start,
        String end,
        String unknown,
        String pad,
        Map<Integer, AddedToken> declared,
        List<AddedToken> undeclared,
        @Nullable Integer modelMaxLength) {

    private static final int MAX_MIB = 4;
    private static final String CONFIG = "tokenizer_config.json";
    private static final int CLIP_LENGTH = 77;
    static final String START = "<|startoftext|>";
    static final String END = "<|endoftext|>";
    private static final List<String> NAMES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    static SpecialTokens read(Path folder, Map<Integer, AddedToken> tokenizerJsonAdded) {
        Path configFile = folder.resolve(CONFIG);
        JsonNode config = readIfPresent(configFile);
        checkSupported(configFile, config);
        Map<String, AddedToken> named = new LinkedHashMap<>();
        named.put("bos_token", AddedToken.special(START));
        named.put("eos_token", AddedToken.special(END));
        named.put("unk_token", AddedToken.special(END));
        named.put("pad_token", AddedToken.special(END));
        List<AddedToken> extra = new ArrayList<>();
        readNames(configFile, config, named, extra);
        Map<Integer, AddedToken> declared = new TreeMap<>();
        if (config.has("added_tokens_decoder")) {
            readDecoder(configFile, config.get("added_tokens_decoder"), declared);
        } else {
            Path mapFile = folder.resolve("special_tokens_map.json");
            readNames(mapFile, readIfPresent(mapFile), named, extra);
            readAddedTokens(folder.resolve("added_tokens.json"), named, extra, declared);
            declared.putAll(tokenizerJsonAdded);
        }
        return of(named, extra, declared, modelMaxLength(configFile, config.path("model_max_length")));
    }

    /**
     * Those of the tokenizer that Stable Diffusion was published with, for prompts of 77 tokens at most.
     *
     * @param pad {@code <|endoftext|>} in 1.x, {@code !} in 2.x
     */
    static SpecialTokens ofClip(String pad) {
        Map<String, AddedToken> named = new LinkedHashMap<>();
        AddedToken end = new AddedToken(END, false, false, false, true, true);
        named.put("bos_token", new AddedToken(START, false, false, false, true, true));
        named.put("eos_token", end);
        named.put("unk_token", end);
        named.put("pad_token", AddedToken.special(pad));
        return of(named, List.of(), new TreeMap<>(), CLIP_LENGTH);
    }

    private static SpecialTokens of(
            Map<String, AddedToken> named,
            List<AddedToken> extra,
            Map<Integer, AddedToken> declared,
            @Nullable Integer modelMaxLength) {
        Map<String, AddedToken> undeclared = new LinkedHashMap<>();
        for (String name : NAMES) { // of a text that is named twice with other flags, the last is taken
            AddedToken token = named.get(name);
            if (token != null) {
                undeclared.put(token.content(), token.asSpecial());
            }
        }
        declared.replaceAll((id, token) -> undeclared.containsKey(token.content()) ? token.asSpecial() : token);
        extra.forEach(token -> undeclared.put(token.content(), token.asSpecial()));
        declared.values().forEach(token -> undeclared.remove(token.content()));
        return new SpecialTokens(
                text(named, "bos_token"),
                text(named, "eos_token"),
                text(named, "unk_token"),
                text(named, "pad_token"),
                declared,
                List.copyOf(undeclared.values()),
                modelMaxLength);
    }

    private static String text(Map<String, AddedToken> named, String name) {
        return Objects.requireNonNull(named.get(name)).content(); // the four that are asked for have a default
    }

    private static JsonNode readIfPresent(Path file) {
        return Files.exists(file) ? JsonFiles.readObject(file, MAX_MIB) : new ObjectMapper().createObjectNode();
    }

    /** Settings that would change the ids, and that no CLIP checkpoint is known to use. */
    private static void checkSupported(Path file, JsonNode config) {
        String type = config.path("tokenizer_class").asText("CLIPTokenizer");
        if (!type.equals("CLIPTokenizer") && !type.equals("CLIPTokenizerFast")) {
            throw new ModelException(
                    "%s: tokenizer_class must be CLIPTokenizer, but was %s".formatted(file, BpeModel.shortened(type)));
        }
        for (String side : List.of("padding_side", "truncation_side")) {
            if (!config.path(side).asText("right").equals("right")) {
                throw new ModelException("%s: %s must be \"right\", but was %s"
                        .formatted(file, side, JsonFiles.excerpt(config.get(side))));
            }
        }
        if (config.path("split_special_tokens").asBoolean(false)) {
            throw new ModelException(file + ": split_special_tokens must be false, but was true");
        }
    }

    private static void readNames(Path file, JsonNode values, Map<String, AddedToken> named, List<AddedToken> extra) {
        for (String name : NAMES) {
            JsonNode value = values.path(name);
            if (named.containsKey(name) ? !value.isMissingNode() : !value.isMissingNode() && !value.isNull()) {
                named.put(name, AddedToken.read(file, name, value, true));
            }
        }
        for (String name : List.of("additional_special_tokens", "extra_special_tokens")) {
            JsonNode tokens = values.path(name);
            if (tokens.isValueNode() && !tokens.isNull()) {
                throw new ModelException(
                        "%s: %s must be a list of tokens, but was %s".formatted(file, name, JsonFiles.excerpt(tokens)));
            }
            for (JsonNode token : tokens) {
                extra.add(AddedToken.read(file, name, token, true));
            }
        }
    }

    private static void readDecoder(Path file, JsonNode decoder, Map<Integer, AddedToken> declared) {
        if (!decoder.isObject()) {
            throw new ModelException("%s: added_tokens_decoder must be an object of ids and tokens, but was %s"
                    .formatted(file, JsonFiles.excerpt(decoder)));
        }
        decoder.properties().forEach(entry -> {
            String key = "token " + BpeModel.shortened(entry.getKey()) + " of added_tokens_decoder";
            declared.put(id(file, key, entry.getKey()), AddedToken.read(file, key, entry.getValue(), false));
        });
    }

    private static void readAddedTokens(
            Path file, Map<String, AddedToken> named, List<AddedToken> extra, Map<Integer, AddedToken> declared) {
        var special = named.values().stream().map(AddedToken::content).collect(Collectors.toSet());
        extra.forEach(token -> special.add(token.content()));
        readIfPresent(file).properties().forEach(entry -> {
            String content = entry.getKey();
            if (content.isEmpty()) {
                throw new ModelException(file + ": an added token must not be empty");
            }
            String key = "token '" + BpeModel.shortened(content) + "'";
            boolean isSpecial = special.contains(content);
            AddedToken token = new AddedToken(content, false, false, false, !isSpecial, isSpecial);
            if (declared.put(id(file, key, entry.getValue().asText()), token) != null) {
                throw new ModelException("%s: the id of %s is another token's too".formatted(file, key));
            }
        });
    }

    private static int id(Path file, String key, String text) {
        try {
            return Integer.parseUnsignedInt(text);
        } catch (NumberFormatException e) {
            throw new ModelException(
                    "%s: the id of %s must be a whole number, but was %s"
                            .formatted(file, key, BpeModel.shortened(text)),
                    e);
        }
    }

    private static @Nullable Integer modelMaxLength(Path file, JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isNumber() || !(value.doubleValue() >= 3)) {
            throw new ModelException("%s: model_max_length must be a number of at least 3, but was %s"
                    .formatted(file, JsonFiles.excerpt(value)));
        }
        return value.doubleValue() > Integer.MAX_VALUE ? null : value.intValue();
    }
}
