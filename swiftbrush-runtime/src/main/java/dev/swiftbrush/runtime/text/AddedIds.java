package dev.swiftbrush.runtime.text;

import dev.swiftbrush.ModelException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Added tokens with their ids, in the order in which they are added: a token of the vocabulary keeps its id, others
 * follow after the vocabulary.
 */
record AddedIds(Map<AddedToken, Integer> ids) {

    /**
     * Gives every added token its id.
     *
     * @throws ModelException if a file declares another id than the token gets, or a special token has none
     */
    static AddedIds assign(Path folder, Map<String, Integer> vocabulary, SpecialTokens special) {
        Map<AddedToken, Integer> ids = new LinkedHashMap<>();
        Set<String> seen = new HashSet<>();
        int next = vocabulary.size();
        for (var entry : special.declared().entrySet()) {
            AddedToken token = entry.getValue();
            String text = BpeModel.shortened(token.content());
            int id = vocabulary.getOrDefault(token.content(), next);
            if (!seen.add(token.content())) {
                throw new ModelException("%s: the added token '%s' is declared twice".formatted(folder, text));
            }
            if (id != entry.getKey()) {
                throw new ModelException(
                        "%s: the added token '%s' is declared with id %d, but the vocabulary gives it %d"
                                .formatted(folder, text, entry.getKey(), id));
            }
            ids.put(token, id);
            next = Math.max(next, id + 1);
        }
        for (AddedToken token : special.undeclared()) {
            Integer id = vocabulary.get(token.content());
            if (id == null) {
                throw new ModelException(
                        "%s: the special token '%s' is neither in the vocabulary nor among the added tokens"
                                .formatted(folder, BpeModel.shortened(token.content())));
            }
            ids.put(token, id);
        }
        return new AddedIds(ids);
    }

    /** The id of a token that was added. */
    int id(String content) {
        return ids.entrySet().stream()
                .filter(entry -> entry.getKey().content().equals(content))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    /** One more than the largest id among these and the vocabulary's. */
    int size(Map<String, Integer> vocabulary) {
        return 1
                + Stream.concat(vocabulary.values().stream(), ids.values().stream())
                        .mapToInt(Integer::intValue)
                        .max()
                        .orElseThrow();
    }
}
