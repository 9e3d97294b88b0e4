package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The licence that a model states: in the front matter of its card ({@code license}, {@code license_name},
 * {@code license_link}), else by the title of its licence file.
 *
 * @see <a href="https://huggingface.co/docs/hub/model-cards">model cards</a>
 */
public final class Licences {
    private Licences() {}

    private static final String CARD = "README.md";
    private static final List<String> FILES = List.of("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE");
    private static final int MOST_READ = 1 << 16;
    private static final int LONGEST = 120;
    private static final int TITLE_LINES = 3;

    // an entry that stands at the line's beginning; entries of other entries are indented
    private static final Pattern ENTRY = Pattern.compile("(license|license_name|license_link)\\s*:\\s*(.*)");
    private static final Pattern ITEM = Pattern.compile("\\s*-\\s+(.*)");

    /** What a line at the beginning of a licence's text begins with, and what else stands there; the first that fits decides. */
    private static final List<Title> TITLES = List.of(
            new Title("apache-2.0", "apache license", "version 2.0"),
            new Title("openrail++", "creativeml open rail++-m"),
            new Title("creativeml-openrail-m", "creativeml open rail-m"),
            new Title("cc-by-nc-sa-4.0", "attribution-noncommercial-sharealike 4.0"),
            new Title("cc-by-nc-nd-4.0", "attribution-noncommercial-noderivatives 4.0"),
            new Title("cc-by-nc-4.0", "attribution-noncommercial 4.0"),
            new Title("cc-by-sa-4.0", "attribution-sharealike 4.0"),
            new Title("cc-by-4.0", "attribution 4.0"),
            new Title("bsd-3-clause", "bsd 3-clause"),
            new Title("mit", "mit license"));

    private record Title(String id, String begin, String more) {
        Title(String id, String begin) {
            this(id, begin, "");
        }

        boolean isIn(List<String> lines) {
            return lines.stream().anyMatch(line -> line.startsWith(begin))
                    && String.join(" ", lines).contains(more);
        }
    }

    /** Reads the licence of the model in {@code folder}; {@link Licence#UNKNOWN} if it states none. */
    public static Licence of(Path folder) {
        Optional<Licence> stated = read(folder.resolve(CARD)).flatMap(Licences::ofCard);
        if (stated.isPresent()) {
            return stated.get();
        }
        return FILES.stream()
                .flatMap(name -> read(folder.resolve(name)).flatMap(text -> ofFile(name, text)).stream())
                .findFirst()
                .orElse(Licence.UNKNOWN);
    }

    /** The licence that a model's own metadata states in words: an identifier, a title or anything else. */
    public static Licence stated(String text) {
        String words = shortened(text.strip());
        if (!words.contains(" ")) {
            return new Licence(words.toLowerCase(Locale.ROOT), null, null);
        }
        List<String> title = List.of(beginning(words));
        return TITLES.stream()
                .filter(known -> known.isIn(title))
                .findFirst()
                .map(known -> new Licence(known.id(), null, null))
                .orElse(new Licence("other", words, null));
    }

    private static Optional<Licence> ofCard(String card) {
        Map<String, String> entries = frontMatter(card);
        String id = entries.getOrDefault("license", "").toLowerCase(Locale.ROOT);
        if (id.isEmpty() || id.equals(Licence.UNKNOWN.id())) {
            return Optional.empty();
        }
        return Optional.of(new Licence(id, entries.get("license_name"), entries.get("license_link")));
    }

    /** The entries that matter here, of the YAML between two lines of three hyphens. */
    private static Map<String, String> frontMatter(String card) {
        Map<String, String> entries = new HashMap<>();
        List<String> lines = card.lines().toList();
        if (lines.isEmpty() || !lines.get(0).replace("\uFEFF", "").strip().equals("---")) {
            return entries;
        }
        for (int i = 1; i < lines.size() && !lines.get(i).strip().equals("---"); i++) {
            Matcher entry = ENTRY.matcher(lines.get(i));
            if (entry.matches()) {
                String value = scalar(entry.group(2));
                // several licences are a list, on this line or on the next ones
                String all = value.isEmpty() ? items(lines, i + 1) : value.replaceAll("^\\[\\s*|\\s*]$", "");
                if (!all.isEmpty() && !all.equals("null") && !all.equals("~")) {
                    entries.putIfAbsent(entry.group(1), shortened(all));
                }
            }
        }
        return entries;
    }

    private static String items(List<String> lines, int from) {
        StringBuilder all = new StringBuilder();
        for (int i = from; i < lines.size(); i++) {
            Matcher item = ITEM.matcher(lines.get(i));
            if (!item.matches()) {
                break;
            }
            all.append(all.isEmpty() ? "" : ", ").append(scalar(item.group(1)));
        }
        return all.toString();
    }

    /** Without quotes, or without a remark. */
    private static String scalar(String text) {
        String value = text.strip();
        Matcher quoted = Pattern.compile("(['\"])(.*?)\\1.*").matcher(value);
        return quoted.matches()
                ? quoted.group(2).strip()
                : value.replaceFirst("(^|\\s+)#.*", "").strip();
    }

    private static Optional<Licence> ofFile(String name, String text) {
        List<String> lines = text.lines()
                .map(line -> line.replaceFirst("^[#*\\s]+", "").strip())
                .filter(line -> !line.isEmpty())
                .limit(TITLE_LINES)
                .toList();
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        List<String> beginning = lines.stream().map(Licences::beginning).toList();
        boolean nonCommercial = new Licence(String.join(" ", beginning), null, null).isNonCommercial();
        Licence own = new Licence("other", shortened(lines.get(0)), name);
        return Optional.of(TITLES.stream()
                .filter(title -> title.isIn(beginning))
                .map(title -> new Licence(title.id(), null, name))
                .findFirst()
                .filter(licence -> licence.isNonCommercial() || !nonCommercial)
                .orElse(own));
    }

    private static String beginning(String line) {
        return line.toLowerCase(Locale.ROOT).replaceFirst("^(the|creative commons) ", "");
    }

    private static String shortened(String text) {
        String printable = text.replaceAll("\\p{Cntrl}", "?");
        return printable.length() > LONGEST ? printable.substring(0, LONGEST) + "..." : printable;
    }

    /** The beginning of a file, if there is one. */
    private static Optional<String> read(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file)) {
            return Optional.of(new String(in.readNBytes(MOST_READ), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(file, e), e);
        }
    }
}
