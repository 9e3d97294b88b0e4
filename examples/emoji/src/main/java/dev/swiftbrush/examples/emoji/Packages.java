package dev.swiftbrush.examples.emoji;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A {@code node_modules} folder whose packages have been checked. Thread-safe.
 *
 * @param folder where they are
 */
record Packages(Path folder) {
    static final String NAMES = "emojibase-data";
    static final String NOTO = "emoji-datasource-google";
    static final String TWEMOJI = "emoji-datasource-twitter";
    static final String FLUENT = "@lobehub/fluent-emoji-3d";

    /** What the dataset is made of. */
    static final List<Pin> PINNED = List.of(
            new Pin(
                    NAMES,
                    "17.0.0",
                    "MIT",
                    List.of("en/data.json"),
                    "db836a67cfb5e2390d348db467a218558ea66cd51a5cf1cba4fe8df77e079391"),
            new Pin(
                    NOTO,
                    "16.0.0",
                    "MIT",
                    List.of("emoji.json", "img/google/64"),
                    "cacb97469c1a40007291d8f0a94ad3f8f9bc1ffcc69b447dc561369ef87f07ea"),
            new Pin(
                    TWEMOJI,
                    "16.0.0",
                    "MIT",
                    List.of("emoji.json", "img/twitter/64"),
                    "5715058773ef43fd33cf38631aa6ec06367090d5f35f3e266128d3e81ca39133"),
            new Pin(
                    FLUENT,
                    "1.1.0",
                    "MIT",
                    List.of("assets"),
                    "4a9bb38a95c9ed395df2532694f070e5599b8bb044b76bc58360c5f18660219e"));

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A package as it must be.
     *
     * @param licence what its package.json states; pictures may have another
     * @param used the files, and folders of files, that are read
     * @param sha256 over names and content of all these files, in the order of their names
     */
    record Pin(String name, String version, String licence, List<String> used, String sha256) {
        Pin {
            used = List.copyOf(used);
        }
    }

    /** @throws StorageException if a package is missing, or is not what is pinned */
    static Packages open(Path folder, List<Pin> pins) {
        pins.forEach(pin -> check(folder.resolve(pin.name()), pin));
        return new Packages(folder);
    }

    private static void check(Path packageFolder, Pin pin) {
        Path description = packageFolder.resolve("package.json");
        JsonNode json = json(description);
        expect(description, "version", pin.version(), json.path("version").asText());
        expect(description, "license", pin.licence(), json.path("license").asText());
        String sha256 = sha256(packageFolder, pin.used());
        if (!sha256.equals(pin.sha256())) {
            throw new StorageException(
                    "%s differs from version %s as it was published: SHA-256 over %s should be %s, but is %s; install it anew"
                            .formatted(
                                    packageFolder,
                                    pin.version(),
                                    String.join(" and ", pin.used()),
                                    pin.sha256(),
                                    sha256));
        }
    }

    private static void expect(Path file, String key, String wanted, String found) {
        if (!found.equals(wanted)) {
            throw new StorageException("%s: %s should be %s, but is '%s'".formatted(file, key, wanted, found));
        }
    }

    static String sha256(Path packageFolder, List<String> used) {
        Sha256 hash = new Sha256();
        for (String each : used) {
            try (Stream<Path> files = Files.walk(packageFolder.resolve(each))) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    String name = packageFolder.relativize(file).toString().replace('\\', '/');
                    hash.text(name).text(Sha256.of(file));
                }
            } catch (IOException e) {
                throw StorageException.cannotRead(packageFolder.resolve(each), e);
            }
        }
        return hash.hex();
    }

    /** Reads a JSON file of a package. */
    JsonNode json(String packageName, String file) {
        return json(folder.resolve(packageName).resolve(file));
    }

    private static JsonNode json(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw StorageException.cannotRead(file, e);
        }
    }

    /** A file or folder of a package. */
    Path path(String packageName, String file) {
        return folder.resolve(packageName).resolve(file);
    }
}
