package dev.swiftbrush.examples.emoji;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A label taken to pieces, and put together as people would say it: {@code man firefighter: dark skin tone} is a man firefighter
 * with dark skin.
 *
 * @param subject what stands before the colon
 * @param members who a kiss, a couple or a family consists of
 * @param tones skin tones, such as {@code dark}
 * @param traits the rest: hair, a beard, a direction
 */
record Label(String subject, List<String> members, List<String> tones, List<String> traits) {
    private static final Set<String> GROUPS = Set.of("kiss", "couple with heart", "family");
    private static final Set<String> NAMED_BY_TRAIT = Set.of("flag", "keycap");
    private static final Pattern COLOURED =
            Pattern.compile("((?:light )?(?:red|orange|yellow|green|blue|purple|brown|black|white|grey|pink)) (.+)");
    private static final Pattern GENDERED = Pattern.compile("(man|woman) (.+)");
    private static final Pattern TIME = Pattern.compile("[a-z]+( o'clock|-thirty)");

    /** Takes a label to pieces. */
    static Label of(Emoji emoji) {
        int colon = emoji.label().indexOf(": ");
        if (colon < 0) {
            return new Label(emoji.label(), List.of(), List.of(), List.of());
        }
        String subject = emoji.label().substring(0, colon);
        List<String> members = new ArrayList<>();
        List<String> traits = new ArrayList<>();
        for (String part : emoji.label().substring(colon + 2).split(", ")) {
            if (GROUPS.contains(subject) && !part.endsWith("skin tone")) {
                members.add(part);
            } else if (!part.endsWith("skin tone")) {
                traits.add(part);
            }
        }
        return new Label(subject, members, emoji.tones(), traits);
    }

    /** The same without skin tones. */
    Label withoutTones() {
        return new Label(subject, members, List.of(), traits);
    }

    /** As people would say it. */
    String spoken() {
        if (subject.equals("flag")) {
            return "the flag of " + traits.get(0);
        }
        if (NAMED_BY_TRAIT.contains(subject)) {
            return subject + " " + traits.get(0);
        }
        if (TIME.matcher(subject).matches()) {
            return "a clock showing " + subject;
        }
        if (!members.isEmpty()) {
            return group();
        }
        boolean bald = traits.contains("bald");
        List<String> has = new ArrayList<>();
        if (!tones.isEmpty()) {
            has.add(String.join(" and ", tones) + " skin");
        }
        traits.stream().filter(trait -> trait.endsWith("hair")).forEach(has::add);
        if (traits.contains("beard")) {
            has.add("a beard");
        }
        StringBuilder text = new StringBuilder(English.withArticle(bald ? "bald " + subject : subject));
        if (!has.isEmpty()) {
            text.append(subject.contains(" with ") ? " and " : " with ").append(String.join(" and ", has));
        }
        if (traits.contains("facing right")) {
            text.append(", facing right");
        }
        return text.toString();
    }

    private String group() {
        List<String> who = new ArrayList<>();
        for (int i = 0; i < members.size(); i++) {
            String member = English.withArticle(members.get(i));
            who.add(tones.size() == 2 && i < 2 ? member + " with " + tones.get(i) + " skin" : member);
        }
        String all = English.and(who);
        String text = switch (subject) {
            case "kiss" -> "a kiss between " + all;
            case "family" -> "a family of " + all;
            default -> all + " with a heart";
        };
        return tones.size() == 1 ? text + ", both with " + tones.get(0) + " skin" : text;
    }

    /** The same in another order, as in a list of words. */
    String listed() {
        List<String> words = new ArrayList<>();
        Matcher gendered = GENDERED.matcher(subject);
        Matcher coloured = COLOURED.matcher(subject);
        if (gendered.matches()) {
            words.add(gendered.group(2).replaceFirst("^(with|in) ", ""));
            words.add(gendered.group(1));
        } else if (coloured.matches()) {
            words.add(coloured.group(2));
            words.add(coloured.group(1));
        } else if (subject.equals("flag")) {
            return traits.get(0) + " flag";
        } else {
            words.add(subject);
        }
        words.addAll(members);
        words.addAll(traits);
        tones.forEach(tone -> words.add(tone + " skin"));
        return String.join(", ", words);
    }

    /** "a male firefighter" for "man firefighter", if there is a word for the job alone. */
    Optional<String> adjectival(Set<String> labels) {
        Matcher gendered = GENDERED.matcher(subject);
        if (!gendered.matches() || !labels.contains(gendered.group(2))) {
            return Optional.empty();
        }
        String adjective = gendered.group(1).equals("man") ? "male " : "female ";
        return Optional.of(new Label(adjective + gendered.group(2), members, tones, traits).spoken());
    }

    /** What is left when a gender, a colour, or "face" is left out. */
    Optional<String> broader(Set<String> labels) {
        if (!members.isEmpty() || !traits.isEmpty()) {
            return Optional.empty();
        }
        Matcher gendered = GENDERED.matcher(subject);
        if (gendered.matches()) {
            return Optional.of(gendered.group(2))
                    .map(rest -> labels.contains(rest) ? rest : "person " + rest)
                    .filter(labels::contains)
                    .map(English::withArticle);
        }
        Matcher coloured = COLOURED.matcher(subject);
        if (coloured.matches()) {
            return Optional.of(English.withArticle(coloured.group(2)));
        }
        return Optional.of(subject)
                .filter(whole -> whole.endsWith(" face"))
                .map(whole -> whole.substring(0, whole.length() - " face".length()))
                .filter(labels::contains)
                .map(English::withArticle);
    }
}
