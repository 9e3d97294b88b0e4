package dev.swiftbrush.examples.emoji;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** As much of English grammar as the names of emoji need. */
final class English {
    private static final Pattern PHRASE_AFTER_NOUN =
            Pattern.compile(" (with|in|of|on|behind|without|over|and|facing|holding|getting|wearing|playing|from) .*");
    private static final Pattern SINGULAR_IN_S = Pattern.compile(".*(ss|us|is|os|lens)");
    private static final Pattern VOWEL = Pattern.compile("(?i)([aeiou](?!ni[cf])(?!ne\\b|ne-|uro)|hour|x-|SOS|NG ).*");
    private static final Pattern COUNTED = Pattern.compile("(two|hundred|double|men|women|people) .*");
    private static final Pattern NAMED_BUT_COMMON = Pattern.compile("(T-Rex|OK |Christmas |Japanese ).*");
    private static final Set<String> MASS_NOUNS = Set.of(
            "bacon",
            "bread",
            "broccoli",
            "butter",
            "camping",
            "candy",
            "construction",
            "cooked rice",
            "cooking",
            "curry rice",
            "custard",
            "falafel",
            "fire",
            "fog",
            "foggy",
            "french fries",
            "garlic",
            "ginger root",
            "ice",
            "ice cream",
            "leafy green",
            "luggage",
            "mate",
            "mount fuji",
            "nail polish",
            "oden",
            "performing arts",
            "popcorn",
            "pouring liquid",
            "sake",
            "salt",
            "shaved ice",
            "soap",
            "soft ice cream",
            "spaghetti",
            "sushi",
            "thread",
            "tennis",
            "wood",
            "yarn",
            "rolling on the floor laughing",
            "see-no-evil monkey",
            "breast-feeding",
            "exploding head",
            "locked",
            "unlocked",
            "locked with pen",
            "locked with key",
            "dizzy",
            "star-struck",
            "high voltage",
            "lacrosse",
            "people hugging",
            "thumbs up",
            "thumbs down",
            "head shaking horizontally",
            "head shaking vertically",
            "horse racing",
            "sunrise over mountains",
            "cityscape at dusk",
            "bridge at night",
            "dashing away",
            "information");

    private English() {}

    /** Puts "a" or "an" before a noun that takes it. */
    static String withArticle(String noun) {
        if (!takesArticle(noun)) {
            return noun;
        }
        return (VOWEL.matcher(noun).matches() ? "an " : "a ") + noun;
    }

    private static boolean takesArticle(String noun) {
        boolean named = Character.isUpperCase(noun.charAt(0))
                && !NAMED_BUT_COMMON.matcher(noun).matches();
        if (named || MASS_NOUNS.contains(noun) || COUNTED.matcher(noun).matches()) {
            return false;
        }
        String head = PHRASE_AFTER_NOUN.matcher(noun).replaceFirst("");
        return !head.endsWith("s") || SINGULAR_IN_S.matcher(head).matches();
    }

    /** "a man", "a man and a woman", "a man, a woman and a boy". */
    static String and(List<String> nouns) {
        if (nouns.size() == 1) {
            return nouns.get(0);
        }
        int last = nouns.size() - 1;
        return String.join(", ", nouns.subList(0, last)) + " and " + nouns.get(last);
    }
}
