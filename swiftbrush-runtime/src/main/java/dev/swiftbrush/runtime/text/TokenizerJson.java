package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is read from a {@code tokenizer.json}: its byte-pair encoding and its added tokens.
 *
 * <p>The rest of such a file (normaliser, splitting, start and end token) is the same for every CLIP tokenizer, and
 * transformers 5 takes it from its CLIP class rather than from the file too.
 *
 * @param added the tokens by the ids that the file gives them
 */
record TokenizerJson(BpeModel model, Map<Integer, AddedToken> added) {

    private static final int MAX_MIB = 64;

    static TokenizerJson read(Path file) {
        return JsonFiles.stream(file, MAX_MIB, parser -> {
            Map<Integer, AddedToken> added = new LinkedHashMap<>();
            BpeModel model = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "model" -> model = readModel(file, parser);
                    case "added_tokens" -> readAdded(file, parser, added);
                    default -> parser.skipChildren();
                }
            }
            if (model == null) {
                throw new ModelException(file + " has no model; is it a tokenizer of the tokenizers library?");
            }
            return new TokenizerJson(model, added);
        });
    }

    private static BpeModel readModel(Path file, JsonParser parser) throws IOException {
        expect(file, "model", parser, JsonToken.START_OBJECT, "an object");
        String type = "BPE"; // files of old versions leave it out
        String suffix = null;
        Map<String, Integer> vocabulary = null;
        List<BpeModel.Merge> merges = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "type" -> type = requireBpe(file, parser.getText());
                case "end_of_word_suffix" -> suffix = parser.getValueAsString();
                case "vocab" -> vocabulary = BpeModel.readVocabulary(file, parser);
                case "merges" -> merges = readMerges(file, parser);
                default -> parser.skipChildren();
            }
        }
        requireClip(file, suffix);
        if (vocabulary == null || merges == null) {
            throw new ModelException(
                    "%s: the %s model has no %s".formatted(file, type, vocabulary == null ? "vocab" : "merges"));
        }
        return BpeModel.of(file, vocabulary, merges);
    }

    private static String requireBpe(Path file, String type) {
        if (!type.equals("BPE")) {
            throw new ModelException("%s holds a model of type %s, and only CLIP's BPE is supported"
                    .formatted(file, BpeModel.shortened(type)));
        }
        return type;
    }

    private static void requireClip(Path file, @Nullable String suffix) {
        if (!"</w>".equals(suffix)) {
            throw new ModelException("%s: end_of_word_suffix must be '</w>' as in CLIP's tokenizer, but was %s"
                    .formatted(file, suffix == null ? "absent" : "'" + BpeModel.shortened(suffix) + "'"));
        }
    }

    private static List<BpeModel.Merge> readMerges(Path file, JsonParser parser) throws IOException {
        expect(file, "merges", parser, JsonToken.START_ARRAY, "a list");
        List<BpeModel.Merge> merges = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            String where = "merge " + merges.size();
            if (parser.currentToken() == JsonToken.START_ARRAY) { // ["a", "b"], since tokenizers 0.20
                String left = parser.nextTextValue();
                String right = parser.nextTextValue();
                if (left == null || right == null || parser.nextToken() != JsonToken.END_ARRAY) {
                    throw new ModelException("%s, %s: a merge must be two tokens".formatted(file, where));
                }
                BpeModel.add(merges, new BpeModel.Merge(left, right), file);
            } else {
                expect(file, where, parser, JsonToken.VALUE_STRING, "two tokens");
                BpeModel.add(merges, BpeModel.readMerge(file, where, parser.getText()), file);
            }
        }
        return merges;
    }

    private static void readAdded(Path file, JsonParser parser, Map<Integer, AddedToken> added) throws IOException {
        expect(file, "added_tokens", parser, JsonToken.START_ARRAY, "a list");
        ObjectMapper mapper = new ObjectMapper();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode token = mapper.readTree(parser);
            String key = "added token " + added.size();
            JsonNode id = token.path("id");
            if (!id.isInt()) {
                throw new ModelException("%s: the id of %s must be a whole number, but was %s"
                        .formatted(file, key, JsonFiles.excerpt(id)));
            }
            if (added.put(id.intValue(), AddedToken.read(file, key, token, false)) != null) {
                throw new ModelException("%s: two added tokens have the id %d".formatted(file, id.intValue()));
            }
        }
    }

    private static void expect(Path file, String what, JsonParser parser, JsonToken wanted, String wantedText)
            throws IOException {
        if (parser.currentToken() != wanted) {
            throw new ModelException("%s: %s must be %s, but was %s"
                    .formatted(file, what, wantedText, BpeModel.shortened(String.valueOf(parser.getText()))));
        }
    }
}
