package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The emoji that no training sees: combinations of a colour and a shape, or of a skin tone, a gender and a job, each part of
 * which is seen in other combinations.
 *
 * @param labels of the emoji held out
 */
record HeldOut(Set<String> labels) {
    private static final String LIST = "held-out.txt";
    private static final Pattern WORDS = Pattern.compile("[^\\p{L}-]+");

    HeldOut {
        labels = Set.copyOf(labels);
    }

    /** The list that is published with the project. */
    static HeldOut published() {
        try (InputStream in = HeldOut.class.getResourceAsStream(LIST)) {
            if (in == null) {
                throw new IllegalStateException("%s is missing from the class path".formatted(LIST));
            }
            return of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException("%s cannot be read from the class path".formatted(LIST), e);
        }
    }

    /** Reads a label a line; a line that begins with # is a comment. */
    static HeldOut of(String text) {
        return new HeldOut(text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .collect(Collectors.toSet()));
    }

    boolean has(Emoji emoji) {
        return labels.contains(emoji.label());
    }

    /**
     * Makes sure that what is held out are combinations.
     *
     * @throws StorageException if a label is unknown, or one of its words or its skin tone's concept is in no other label
     */
    void check(List<Emoji> emoji) {
        Set<String> unknown = new TreeSet<>(labels);
        Set<String> words = new HashSet<>();
        Set<String> concepts = new HashSet<>();
        for (Emoji each : emoji) {
            unknown.remove(each.label());
            if (!has(each)) {
                words.addAll(List.of(WORDS.split(each.label())));
                concepts.add(each.concept());
            }
        }
        if (!unknown.isEmpty()) {
            throw new StorageException("the held-out '%s' is no emoji's label".formatted(String.join("', '", unknown)));
        }
        Map<String, String> unseen = new TreeMap<>();
        for (Emoji each : emoji) {
            if (has(each)) {
                for (String word : WORDS.split(each.label())) {
                    if (!words.contains(word)) {
                        unseen.put(each.label(), word);
                    }
                }
                if (!each.tones().isEmpty() && !concepts.contains(each.concept())) {
                    unseen.put(each.label(), each.concept());
                }
            }
        }
        if (!unseen.isEmpty()) {
            throw new StorageException("held out, but never seen in training (label=part): %s".formatted(unseen));
        }
    }
}
