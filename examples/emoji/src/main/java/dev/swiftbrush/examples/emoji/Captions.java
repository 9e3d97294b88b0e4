package dev.swiftbrush.examples.emoji;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What emoji are called: by their labels, as people would say it, as lists of words, with tags, and more broadly, so that one
 * caption stands under pictures that differ. Immutable.
 */
final class Captions {
    private static final Pattern WORD = Pattern.compile("[a-z][a-z -]{2,}");
    private static final int RARE = 2; // concepts that share a tag
    private static final int RARE_TAGS = 3; // of one concept

    private final Set<String> labels;
    private final Map<String, Integer> conceptsOfTag;

    private Captions(Set<String> labels, Map<String, Integer> conceptsOfTag) {
        this.labels = labels;
        this.conceptsOfTag = conceptsOfTag;
    }

    static Captions of(List<Emoji> emoji) {
        Set<String> labels = emoji.stream().map(Emoji::label).collect(Collectors.toSet());
        Map<String, Integer> conceptsOfTag = new HashMap<>();
        emoji.stream()
                .filter(each -> each.label().equals(each.concept()))
                .forEach(each -> new HashSet<>(each.tags()).forEach(tag -> conceptsOfTag.merge(tag, 1, Integer::sum)));
        return new Captions(labels, conceptsOfTag);
    }

    /** The one caption by which an emoji is asked for in tests. */
    String spoken(Emoji emoji) {
        return isSymbol(emoji) ? plain(emoji) : Label.of(emoji).spoken();
    }

    /** The caption that asks for a style too. */
    String styled(Emoji emoji, Style style) {
        return spoken(emoji) + ", " + style.words();
    }

    /** The captions of an emoji without those that ask for a style. */
    List<Caption> of(Emoji emoji) {
        Label label = Label.of(emoji);
        Collector captions = new Collector();
        captions.add(spoken(emoji), 3, true);
        captions.add(emoji.label(), 1.5, true);
        if (!isSymbol(emoji)) {
            captions.add(label.listed(), 0.7, true);
        }
        label.adjectival(labels).ifPresent(text -> captions.add(text, 0.7, true));
        label.broader(labels).ifPresent(text -> captions.add(text, 0.5, false));
        if (!emoji.tones().isEmpty()) {
            captions.add(label.withoutTones().spoken(), 1, false);
        } else {
            captions.add(plain(emoji) + " emoji", 0.5, true);
            if (!emoji.isNationalFlag()) { // their tags are codes
                addTags(emoji, captions);
            }
        }
        return captions.list();
    }

    private void addTags(Emoji emoji, Collector captions) {
        List<String> tags = new TreeSet<>(emoji.tags())
                .stream()
                        .filter(tag -> WORD.matcher(tag).matches())
                        .filter(tag -> !emoji.label().contains(tag))
                        .sorted(Comparator.comparing(this::conceptsOf))
                        .toList();
        for (int i = 0; i + 1 < Math.min(tags.size(), 4); i += 2) {
            captions.add("%s, %s, %s".formatted(plain(emoji), tags.get(i), tags.get(i + 1)), 0.4, true);
        }
        tags.stream()
                .filter(tag -> conceptsOf(tag) <= RARE && tag.length() > 3 && !labels.contains(tag))
                .limit(RARE_TAGS)
                .forEach(tag -> captions.add(tag, 0.3, false));
    }

    private int conceptsOf(String tag) {
        return conceptsOfTag.getOrDefault(tag, 0);
    }

    private static String plain(Emoji emoji) {
        return emoji.isNationalFlag() ? Label.of(emoji).listed() : emoji.label().replace(": ", " ");
    }

    /** Signs whose labels are names rather than nouns, such as Libra, SOON arrow, multiply. */
    private static boolean isSymbol(Emoji emoji) {
        return emoji.category().equals("Symbols")
                && !emoji.subcategory().equals("geometric")
                && !emoji.subcategory().equals("keycap")
                && !Pattern.matches("[a-z].* (button|sign|symbol|mark|arrow|cross|loop|circle)", emoji.label());
    }

    /** Equal captions become one. */
    private static final class Collector {
        private final Map<String, Caption> captions = new LinkedHashMap<>();

        void add(String text, double share, boolean whole) {
            captions.merge(
                    text,
                    new Caption(text, share, whole),
                    (one, other) -> new Caption(text, one.share() + other.share(), one.whole() || other.whole()));
        }

        List<Caption> list() {
            return new ArrayList<>(captions.values());
        }
    }
}
