package dev.swiftbrush.train.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** Breaks a caption into lines. */
final class Caption {

    private static final int LONGEST = 500;
    private static final String CUT = "...";

    private Caption() {}

    /**
     * At most {@code most} lines of at most {@code width}: broken between words where that is possible, and cut at the end.
     *
     * @param measure the width of a text
     */
    static List<String> lines(String caption, int most, int width, ToIntFunction<String> measure) {
        String rest = caption.strip();
        if (rest.length() > LONGEST) {
            rest = rest.substring(0, Character.isHighSurrogate(rest.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST);
        }
        rest = rest.replaceAll("\\s+", " ").replaceAll("\\p{Cntrl}", "?");
        List<String> lines = new ArrayList<>();
        while (!rest.isEmpty() && lines.size() < most) {
            if (measure.applyAsInt(rest) <= width) {
                lines.add(rest);
                break;
            }
            if (lines.size() == most - 1) {
                lines.add(rest.substring(0, fitting(rest, CUT, width, measure)).stripTrailing() + CUT);
                break;
            }
            int end = fitting(rest, "", width, measure);
            int space = rest.lastIndexOf(' ', end);
            int at = space > 0 ? space : Math.max(end, rest.offsetByCodePoints(0, 1));
            lines.add(rest.substring(0, at).strip());
            rest = rest.substring(at).strip();
        }
        return lines;
    }

    /** How many characters of {@code text}, with {@code end} after them, fit. */
    private static int fitting(String text, String end, int width, ToIntFunction<String> measure) {
        int fits = 0;
        for (int next = 0; next < text.length(); ) {
            next = text.offsetByCodePoints(next, 1);
            if (measure.applyAsInt(text.substring(0, next) + end) > width) {
                break;
            }
            fits = next;
        }
        return fits;
    }
}
