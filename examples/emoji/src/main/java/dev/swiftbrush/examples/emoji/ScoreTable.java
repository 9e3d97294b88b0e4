package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.evaluation.Scores;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Scores as a Markdown table. */
final class ScoreTable {
    private static final String HEAD = """
            | %s | Fréchet distance | text-image score | R-precision | diversity | pixel diversity | ms/image |
            |---|---|---|---|---|---|---|
            """;

    private final StringBuilder text;

    /** @param title what the pictures are of */
    ScoreTable(String title) {
        this.text = new StringBuilder(HEAD.formatted(title));
    }

    /**
     * Adds a row.
     *
     * @param scores one for each seed
     * @param milliseconds for a picture; negative if none was drawn
     */
    void add(String name, List<Scores> scores, double milliseconds) {
        List<String> cells = new ArrayList<>(List.of(name));
        cells.add(number("%.4f", scores, Scores::frechet) + String.format(Locale.ROOT, " ± %.4f", deviation(scores)));
        cells.add(number("%.3f", scores, Scores::textImage));
        cells.add(number("%.3f", scores, Scores::precision));
        cells.add(number("%.3f", scores, Scores::diversity));
        cells.add(number("%.3f", scores, Scores::pixelDiversity));
        cells.add(milliseconds < 0 ? "" : String.format(Locale.ROOT, "%.1f", milliseconds));
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String number(String format, List<Scores> scores, ToDoubleFunction<Scores> value) {
        return String.format(
                Locale.ROOT,
                format,
                scores.stream().mapToDouble(value).average().orElseThrow());
    }

    /** The standard deviation of the Fréchet distance over the seeds; 0 for one. */
    private static double deviation(List<Scores> scores) {
        double mean = scores.stream().mapToDouble(Scores::frechet).average().orElseThrow();
        double squares = scores.stream()
                .mapToDouble(each -> (each.frechet() - mean) * (each.frechet() - mean))
                .sum();
        return Math.sqrt(squares / Math.max(1, scores.size() - 1));
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
