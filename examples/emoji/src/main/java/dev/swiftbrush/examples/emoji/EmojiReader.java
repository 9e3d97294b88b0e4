package dev.swiftbrush.examples.emoji;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Joins names and pictures by code points. */
final class EmojiReader {
    private static final String SKIN_TONE = " skin tone";

    private final Packages packages;
    private final Map<String, Names> names = new HashMap<>();
    private final Map<Style, Map<String, Path>> pictures = new EnumMap<>(Style.class);

    private record Names(String label, String concept, List<String> tags) {}

    EmojiReader(Packages packages) {
        this.packages = packages;
    }

    /**
     * All emoji in the order of Noto's list. Left out are the swatches of skin tones, and Fluent's flags.
     *
     * @throws StorageException if a picture has no name, or two have the same
     */
    List<Emoji> read() {
        readNames();
        pictures.put(Style.NOTO, listed(Packages.NOTO, "img/google/64"));
        pictures.put(Style.TWEMOJI, listed(Packages.TWEMOJI, "img/twitter/64"));
        pictures.put(Style.FLUENT, named(packages.path(Packages.FLUENT, "assets")));
        List<Emoji> emoji = new ArrayList<>();
        Set<String> labels = new HashSet<>();
        for (JsonNode each : packages.json(Packages.NOTO, "emoji.json")) {
            if (each.path("category").asText().equals("Component")) {
                continue;
            }
            for (JsonNode variant : variants(each)) {
                Emoji one = emoji(each, key(variant.path("unified").asText()));
                if (!labels.add(one.label())) {
                    throw new StorageException("two emoji are labelled '%s'".formatted(one.label()));
                }
                emoji.add(one);
            }
        }
        return emoji;
    }

    private void readNames() {
        for (JsonNode each : packages.json(Packages.NAMES, "en/data.json")) {
            String concept = text(each.path("label"));
            List<String> tags = StreamSupport.stream(each.path("tags").spliterator(), false)
                    .map(EmojiReader::text)
                    .toList();
            names.put(key(each.path("hexcode").asText()), new Names(concept, concept, tags));
            for (JsonNode skin : each.path("skins")) {
                names.put(key(skin.path("hexcode").asText()), new Names(text(skin.path("label")), concept, tags));
            }
        }
    }

    private Emoji emoji(JsonNode each, String key) {
        Names name = names.get(key);
        if (name == null) {
            throw new StorageException("%s has no label for %s".formatted(Packages.NAMES, key));
        }
        String category = each.path("category").asText();
        Map<Style, Path> found = new EnumMap<>(Style.class);
        pictures.forEach((style, files) -> {
            Path file = files.get(key);
            if (file != null && !(style == Style.FLUENT && category.equals("Flags"))) {
                found.put(style, file);
            }
        });
        List<String> tones = Stream.of(name.label().split("[:,] "))
                .filter(part -> part.endsWith(SKIN_TONE))
                .map(part -> part.substring(0, part.length() - SKIN_TONE.length()))
                .toList();
        return new Emoji(
                key,
                name.label(),
                name.concept(),
                name.tags(),
                tones,
                category,
                each.path("subcategory").asText(),
                found);
    }

    /** Pictures by the list beside them. */
    private Map<String, Path> listed(String packageName, String folder) {
        Map<String, Path> files = new HashMap<>();
        for (JsonNode each : packages.json(packageName, "emoji.json")) {
            for (JsonNode variant : variants(each)) {
                Path file = packages.path(packageName, folder)
                        .resolve(variant.path("image").asText());
                files.put(key(variant.path("unified").asText()), file);
            }
        }
        return files;
    }

    /** Pictures by their file names; of two that differ by a variation selector alone, the fully qualified. */
    private static Map<String, Path> named(Path folder) {
        Map<String, Path> files = new TreeMap<>();
        try (Stream<Path> list = Files.list(folder)) {
            for (Path file : list.sorted().toList()) {
                String name = file.getFileName().toString();
                files.merge(
                        key(name.substring(0, name.lastIndexOf('.'))),
                        file,
                        (one, other) ->
                                one.toString().length() > other.toString().length() ? one : other);
            }
        } catch (IOException e) {
            throw StorageException.cannotRead(folder, e);
        }
        return files;
    }

    /** The emoji itself, then those with skin tones. */
    private static List<JsonNode> variants(JsonNode each) {
        List<JsonNode> variants = new ArrayList<>(List.of(each));
        each.path("skin_variations").forEach(variants::add);
        return variants;
    }

    private static String key(String codePoints) {
        return codePoints.toLowerCase(Locale.ROOT).replace("-fe0f", "");
    }

    /** With the apostrophes and quotation marks that keyboards have. */
    private static String text(JsonNode node) {
        return node.asText().replace('\u2019', '\'').replaceAll("[\u201c\u201d]", "\"");
    }
}
