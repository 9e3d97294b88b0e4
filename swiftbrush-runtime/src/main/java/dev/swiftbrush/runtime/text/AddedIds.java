package dev.swiftbrush.runtime.text;

import dev.swiftbrush.ModelException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Gives added tokens their ids: a token of the vocabulary keeps its id, others follow after the vocabulary. */
final class AddedIds {

    private AddedIds() {}

    /**
     * Returns the added tokens with their ids, in the order in which they are added.
     *
     * @throws ModelException if a file declares another id than the token gets, or a special token has none
     */
    static Map<AddedToken, Integer> assign(Path folder, Map<String, Integer> vocabulary, SpecialTokens special) {
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
        return ids;
    }
}
