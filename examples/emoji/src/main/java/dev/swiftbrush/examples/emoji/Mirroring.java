package dev.swiftbrush.examples.emoji;

import java.util.Set;
import java.util.regex.Pattern;

/** Says of which emoji the mirror image is still a picture: none that has text, a flag, a map, a dial, or a direction. */
final class Mirroring {
    private static final Set<String> SUBCATEGORIES = Set.of(
            "place-map",
            "time",
            "book-paper",
            "money",
            "award-medal",
            "musical-instrument",
            "computer",
            "phone",
            "mail",
            "office",
            "game");
    private static final Pattern DIRECTION =
            Pattern.compile("(?i).*\\b(left|right|leftwards|rightwards|OK|NO|love-you|vulcan|writing)\\b.*");
    private static final Pattern WORDS = Pattern.compile(
            "(?i).*\\b(moon|ZZZ|hundred|speech|symbols|anger|music|musical|bus|sign|taxi|police|ambulance"
                    + "|hotel|hospital|store|bank|office|school|station|ball|ticket|tickets|letter|label|placard|memo"
                    + "|x-ray|dna|radio|television|thermometer|beverage|sake|milk|fortune|canned|oil|fuel|barber|tower"
                    + "|liberty|dizzy|cyclone|tornado|spiral|swirl|identification|headstone|traffic|flag|carp|envelope)"
                    + "\\b.*");

    private Mirroring() {}

    static boolean allows(Emoji emoji) {
        if (DIRECTION.matcher(emoji.label()).matches()) {
            return false;
        }
        return switch (emoji.category()) {
            case "Flags" -> false;
            case "Symbols" -> emoji.subcategory().equals("geometric");
            case "People & Body" -> true;
            default ->
                !SUBCATEGORIES.contains(emoji.subcategory())
                        && !WORDS.matcher(emoji.label()).matches();
        };
    }
}
