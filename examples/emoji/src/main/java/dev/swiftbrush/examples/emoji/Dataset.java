package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Pictures under captions, for training and held out.
 *
 * <p>Every concept is drawn equally often, however many skin tones it has, but for those that are {@linkplain
 * Emoji#isSeldomAskedFor() seldom asked for}; a concept's share is divided among its emoji, an emoji's among its pictures, and
 * a picture's among its captions.
 *
 * @param emoji whose pictures are written
 */
record Dataset(List<Emoji> emoji, List<Line> training, List<Line> heldOut) {
    /** Pictures and captions for training: pictures lie beside it. */
    static final String LIST = "metadata.jsonl";
    /** The folder of what is held out, which has its own pictures and list. */
    static final String HELD_OUT = "heldout";
    /** The captions of the training pictures, one a line. */
    static final String CAPTIONS = "captions.txt";

    /** Some of them, those that are drawn more often the likelier: the prompts of a distillation. */
    static final String PROMPTS = "prompts.txt";

    private static final int MOST_PROMPTS = 4000;
    private static final double SELDOM = 0.125;
    private static final double FLAG = 0.25 * SELDOM; // there are 261, and they differ in what 64 pixels hardly show
    private static final double STYLED = 0.3; // of a picture's captions, those that ask for its style

    /** A line of the list. */
    record Line(String file, String text, double weight, boolean mirror) {
        String json() {
            return JsonOutput.text(JsonOutput.object()
                    .put("file_name", file)
                    .put("text", text)
                    .put("weight", weight)
                    .put("mirror", mirror));
        }
    }

    static Dataset of(List<Emoji> emoji, Captions captions, HeldOut heldOut) {
        heldOut.check(emoji);
        List<Line> training = new ArrayList<>();
        List<Line> test = new ArrayList<>();
        Set<String> secret = emoji.stream()
                .filter(heldOut::has)
                .flatMap(each -> captions.of(each).stream())
                .filter(Caption::whole)
                .map(Caption::text)
                .collect(Collectors.toSet());
        Map<String, Long> variants = emoji.stream()
                .filter(each -> !heldOut.has(each))
                .collect(Collectors.groupingBy(Emoji::concept, Collectors.counting()));
        for (Emoji each : emoji) {
            if (heldOut.has(each)) {
                addHeldOut(test, each, captions);
            } else {
                double share = share(each) / variants.getOrDefault(each.concept(), 1L);
                addTraining(training, each, share, captions, secret);
            }
        }
        return new Dataset(List.copyOf(emoji), List.copyOf(training), List.copyOf(test));
    }

    private static double share(Emoji emoji) {
        if (emoji.isNationalFlag()) {
            return FLAG;
        }
        return emoji.isSeldomAskedFor() ? SELDOM : 1;
    }

    private static void addTraining(
            List<Line> lines, Emoji emoji, double share, Captions captions, Set<String> secret) {
        List<Caption> plain = captions.of(emoji).stream()
                .filter(caption -> !secret.contains(caption.text()))
                .toList();
        double sum = plain.stream().mapToDouble(Caption::share).sum();
        boolean mirror = Mirroring.allows(emoji);
        boolean askForStyle = emoji.tones().size() < 2; // couples of two tones have captions enough
        for (Style style : styles(emoji)) {
            double each = share / emoji.pictures().size();
            double rest = askForStyle ? each * (1 - STYLED) : each;
            for (Caption caption : plain) {
                lines.add(new Line(emoji.file(style), caption.text(), rounded(rest * caption.share() / sum), mirror));
            }
            if (askForStyle) {
                lines.add(new Line(emoji.file(style), captions.styled(emoji, style), rounded(each * STYLED), mirror));
            }
        }
    }

    private static void addHeldOut(List<Line> lines, Emoji emoji, Captions captions) {
        for (Style style : styles(emoji)) {
            lines.add(new Line(emoji.file(style), captions.spoken(emoji), 1, Mirroring.allows(emoji)));
        }
    }

    private static Set<Style> styles(Emoji emoji) {
        return new EnumMap<>(emoji.pictures()).keySet(); // in their order
    }

    private static double rounded(double weight) {
        return Math.round(weight * 1e6) / 1e6;
    }

    /** The captions of the training pictures. */
    Set<String> captions() {
        return training.stream().map(Line::text).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /**
     * So many of the captions at most, each once, drawn by weight: the likeliest ones come with an exponential variate over
     * their weight that is small (Efraimidis and Spirakis, 2006).
     */
    List<String> prompts(int most) {
        Random random = new Random(0);
        Map<String, Double> weights = training.stream()
                .collect(Collectors.groupingBy(Line::text, LinkedHashMap::new, Collectors.summingDouble(Line::weight)));
        Map<String, Double> turns = new LinkedHashMap<>();
        weights.forEach((text, weight) -> turns.put(text, -Math.log(1 - random.nextDouble()) / weight));
        return turns.entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .limit(most)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Writes pictures and lists; those of the same names are overwritten. */
    void write(Path folder) {
        Path heldOutFolder = folder.resolve(HELD_OUT);
        Set<String> heldOutFiles = heldOut.stream().map(Line::file).collect(Collectors.toSet());
        for (Emoji each : emoji) {
            each.pictures().forEach((style, file) -> {
                String name = each.file(style);
                Path target = (heldOutFiles.contains(name) ? heldOutFolder : folder).resolve(name);
                PictureFile.write(PictureFile.read(file), target);
            });
        }
        writeLines(folder.resolve(CAPTIONS), List.copyOf(captions()));
        writeLines(folder.resolve(PROMPTS), prompts(MOST_PROMPTS));
        writeLines(heldOutFolder.resolve(LIST), heldOut.stream().map(Line::json).toList());
        writeLines(folder.resolve(LIST), training.stream().map(Line::json).toList());
    }

    private static void writeLines(Path file, List<String> lines) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.write(file, lines);
        } catch (IOException e) {
            throw StorageException.cannotWrite(file, e);
        }
    }

    /** What it holds, in figures. */
    String summary() {
        return String.format(
                Locale.ROOT,
                "%,d pictures of %,d emoji under %,d captions for training, in %,d lines; %,d pictures of %,d emoji held out",
                training.stream().map(Line::file).distinct().count(),
                emoji.size() - heldOut.stream().map(Line::text).distinct().count(),
                captions().size(),
                training.size(),
                heldOut.size(),
                heldOut.stream().map(Line::text).distinct().count());
    }
}
