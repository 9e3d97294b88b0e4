package dev.swiftbrush.examples.emoji;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An emoji: its names and its pictures.
 *
 * @param key its code points in lower-case hex with dashes between, without the variation selector FE0F
 * @param label its name, such as {@code man firefighter: dark skin tone}; no other has the same
 * @param concept the label of the emoji that it is a variant of in skin tone, or its own
 * @param tags words for it, of its concept
 * @param tones the skin tones named in the label, one or two, or none
 * @param category such as {@code People & Body}
 * @param subcategory such as {@code person-role}
 * @param pictures files of the packages
 */
record Emoji(
        String key,
        String label,
        String concept,
        List<String> tags,
        List<String> tones,
        String category,
        String subcategory,
        Map<Style, Path> pictures) {

    private static final Set<String> SELDOM = Set.of(
            "flag",
            "country-flag",
            "subdivision-flag",
            "alphanum",
            "arrow",
            "av-symbol",
            "currency",
            "gender",
            "keycap",
            "math",
            "other-symbol",
            "punctuation",
            "religion",
            "transport-sign",
            "warning",
            "zodiac",
            "hotel",
            "place-building",
            "place-geographic",
            "place-map",
            "place-other",
            "place-religious",
            "time",
            "book-paper",
            "household",
            "light & video",
            "lock",
            "mail",
            "medical",
            "money",
            "music",
            "office",
            "other-object",
            "science",
            "sound",
            "tool",
            "writing",
            "arts & crafts",
            "award-medal",
            "dishware",
            "event",
            "body-parts",
            "family",
            "hand-fingers-closed",
            "hand-fingers-open",
            "hand-fingers-partial",
            "hand-prop",
            "hand-single-finger",
            "hands",
            "person-activity",
            "person-gesture",
            "person-resting",
            "person-sport",
            "person-symbol");

    Emoji {
        tags = List.copyOf(tags);
        tones = List.copyOf(tones);
        pictures = Map.copyOf(pictures);
    }

    boolean isNationalFlag() {
        return subcategory.equals("country-flag") || subcategory.equals("subdivision-flag");
    }

    /** Whether it is a sign, a place, an errand or an office thing, and not what people want to see drawn. */
    boolean isSeldomAskedFor() {
        return SELDOM.contains(subcategory);
    }

    /** The file of a picture in the dataset. */
    String file(Style style) {
        return style.folder() + "/" + key + ".png";
    }
}
