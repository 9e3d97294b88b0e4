package dev.swiftbrush.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pictures with captions, all of one size, held in memory. Immutable and thread-safe.
 *
 * <p>A folder lists them in {@code metadata.jsonl}, an object a line: {@code file_name} and {@code text}, and if need be
 * {@code weight}, how often the line is drawn beside others (1), and {@code mirror}, whether the picture may be mirrored
 * (true). Several lines may name one file.
 *
 * @param pictures RGB bytes, {@code [height, width, 3]} each
 * @param captions without repetition
 * @param entries what can be drawn
 */
public record CaptionedImages(
        int width, int height, List<byte[]> pictures, List<String> captions, List<Entry> entries) {
    private static final Logger log = LoggerFactory.getLogger(CaptionedImages.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LIST = "metadata.jsonl";
    private static final int MAX_LINE_BYTES = 1 << 16;
    private static final double SHARE_OF_HEAP = 0.6;

    /**
     * A picture under a caption.
     *
     * @param picture its number
     * @param caption its number
     * @param weight how often it is drawn, beside others
     * @param mirrors whether it may be mirrored
     */
    public record Entry(int picture, int caption, double weight, boolean mirrors) {}

    public CaptionedImages {
        pictures = List.copyOf(pictures);
        captions = List.copyOf(captions);
        entries = List.copyOf(entries);
    }

    /**
     * Reads a folder.
     *
     * @param background what shows through transparent pixels, 0xRRGGBB
     * @throws StorageException if the list or a picture is missing, damaged or too large; the message gives the line
     */
    public static CaptionedImages read(Path folder, int width, int height, int background) {
        Path list = folder.resolve(LIST);
        PictureReader reader = new PictureReader(width, height, background);
        long most = (long) (Runtime.getRuntime().maxMemory() * SHARE_OF_HEAP / (3L * width * height));
        Map<Path, Integer> files = new LinkedHashMap<>();
        Map<String, Integer> captions = new LinkedHashMap<>();
        List<byte[]> pictures = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        try (TextLines lines = TextLines.open(list, MAX_LINE_BYTES)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (line.isBlank()) {
                    continue;
                }
                JsonNode node = parse(list, lines.number(), line);
                Path file = file(folder, list, lines.number(), node);
                Integer picture = files.get(file);
                if (picture == null) {
                    if (pictures.size() >= most) {
                        throw new StorageException(
                                "%s: line %d is beyond the %d pictures of %dx%d that fit into memory; raise -Xmx"
                                        .formatted(list, lines.number(), most, width, height));
                    }
                    picture = pictures.size();
                    files.put(file, picture);
                    pictures.add(reader.read(file));
                }
                String text = node.path("text").asText();
                Integer caption = captions.computeIfAbsent(text, each -> captions.size());
                entries.add(new Entry(
                        picture,
                        caption,
                        node.path("weight").asDouble(1),
                        node.path("mirror").asBoolean(true)));
            }
        } catch (IOException e) {
            throw StorageException.cannotRead(list, e);
        }
        if (entries.isEmpty()) {
            throw new StorageException("%s lists no pictures".formatted(list));
        }
        log.info("Read {} pictures with {} captions from {}", pictures.size(), captions.size(), folder);
        return new CaptionedImages(width, height, pictures, List.copyOf(captions.keySet()), entries);
    }

    private static JsonNode parse(Path list, long line, String text) {
        try {
            JsonNode node = JSON.readTree(text);
            double weight = node.path("weight").asDouble(1);
            if (node.path("file_name").isTextual()
                    && !node.path("text").asText().isBlank()
                    && weight > 0
                    && weight < 1e9) {
                return node;
            }
        } catch (IOException e) {
            log.debug("Line {} of {} is no JSON", line, list, e);
        }
        throw new StorageException(
                "%s: line %d should be an object with file_name and text, which is not blank, and weight, if there, above 0"
                        .formatted(list, line));
    }

    private static Path file(Path folder, Path list, long line, JsonNode node) {
        String name = node.get("file_name").asText();
        Path file = folder.resolve(name).normalize();
        if (!file.startsWith(folder.normalize()) || !Files.isRegularFile(file)) {
            throw new StorageException(
                    "%s: line %d names '%s', which is no file in the folder".formatted(list, line, name));
        }
        return file;
    }

    /** The SHA-256 of all pictures, captions and entries in their order. */
    public String sha256() {
        Sha256 hash = new Sha256();
        pictures.forEach(hash::bytes);
        captions.forEach(hash::text);
        entries.forEach(entry -> hash.text(entry.toString()));
        return hash.hex();
    }

    /** Whether some entries are drawn more often than others. */
    public boolean isWeighted() {
        return entries.stream()
                .anyMatch(entry -> entry.weight() != entries.get(0).weight());
    }
}
