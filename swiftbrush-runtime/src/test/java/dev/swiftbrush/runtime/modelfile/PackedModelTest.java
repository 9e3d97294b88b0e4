package dev.swiftbrush.runtime.modelfile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PackedModelTest {
    private static final String MANIFEST = "META-INF/swiftbrush/default-model.json";
    private static final String WEIGHTS = "unet/diffusion_pytorch_model.safetensors";

    @TempDir
    Path temp;

    private Path file;
    private Path place;
    private final Map<String, byte[]> entries = new LinkedHashMap<>();
    private final TreeMap<String, Manifest.Part> listed = new TreeMap<>();

    @BeforeEach
    void describe() throws IOException {
        file = temp.resolve("emoji.zip");
        place = temp.resolve("cache/models");
        add("model_index.json", "{}");
        add(WEIGHTS, "weights".repeat(50_000));
        write(new Manifest("emoji", listed).toJson());
    }

    private void add(String path, String text) {
        byte[] content = text.getBytes(UTF_8);
        entries.put(Manifest.FILES + path, content);
        listed.put(path, new Manifest.Part(content.length, sha256(content)));
    }

    /** With the manifest at the end, as tools that pack a folder again may put it. */
    private void write(byte[] manifest) throws IOException {
        entries.put(MANIFEST, manifest);
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
    }

    private PackedModel.Unpacked unpack() {
        return PackedModel.of(file).unpack(place, PackedModelTest::sha256);
    }

    private static String sha256(Path file) {
        try {
            return sha256(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(path -> folder.relativize(path).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        }
    }

    private void assertRefused(String message, Object... values) throws IOException {
        assertThatThrownBy(this::unpack).isInstanceOf(ModelException.class).hasMessage(message, values);
        assertThat(Files.exists(place) ? files(temp) : List.of())
                .allMatch(path -> path.equals("emoji.zip") || path.endsWith("/model_index.json"));
    }

    @Test
    void unpacksOnceToAFolderThatTheManifestNames() throws IOException {
        PackedModel.Unpacked first = unpack();
        assertThat(first.name()).isEqualTo("emoji");
        assertThat(first.folder()).isEqualTo(place.resolve(sha256(entries.get(MANIFEST))));
        assertThat(files(first.folder())).containsExactly("model_index.json", WEIGHTS);
        assertThat(first.folder().resolve(WEIGHTS)).hasBinaryContent(entries.get(Manifest.FILES + WEIGHTS));
        Object before = Files.readAttributes(first.folder().resolve(WEIGHTS), "lastModifiedTime,fileKey");

        assertThat(unpack()).isEqualTo(first);

        assertThat((Object) Files.readAttributes(first.folder().resolve(WEIGHTS), "lastModifiedTime,fileKey"))
                .isEqualTo(before);
    }

    @Test
    void whatIsMissingOrDamagedIsUnpackedAnew() throws IOException {
        Path folder = unpack().folder();
        Files.delete(folder.resolve("model_index.json"));
        byte[] damaged = Files.readAllBytes(folder.resolve(WEIGHTS));
        damaged[12_345] ^= 1;
        Files.write(folder.resolve(WEIGHTS), damaged);

        assertThat(unpack().folder()).isEqualTo(folder);

        assertThat(folder.resolve("model_index.json")).hasContent("{}");
        assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(entries.get(Manifest.FILES + WEIGHTS));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void opensFromTheClassPath(boolean packed) throws IOException {
        URI manifest = URI.create("jar:" + file.toUri() + "!/" + MANIFEST);
        if (!packed) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                Path path = temp.resolve("classes").resolve(entry.getKey());
                Files.createDirectories(path.getParent());
                Files.write(path, entry.getValue());
            }
            manifest = temp.resolve("classes").resolve(MANIFEST).toUri();
        }

        PackedModel.Unpacked unpacked = PackedModel.of(manifest).unpack(place, PackedModelTest::sha256);

        assertThat(unpacked).isEqualTo(unpack());
        assertThat(files(unpacked.folder())).containsExactly("model_index.json", WEIGHTS);
    }

    @Test
    void refusesOtherArchivesAndOtherFiles() throws IOException {
        entries.clear();
        write("{}".getBytes(UTF_8));
        assertRefused(
                file + ": default-model.json: format must be 1, the only one that this version knows, but was absent");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("model_index.json"));
        }
        assertRefused(
                file
                        + " is no model file, which has an entry META-INF/swiftbrush/default-model.json; a folder in an archive must be unpacked first");
        Files.writeString(file, "a pickle, perhaps");
        assertThatThrownBy(this::unpack)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + " cannot be read: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../evil.json",
                "/etc/evil.json",
                "unet/../../evil.json",
                "unet\\\\evil.json",
                "C:evil.json",
                "~/evil.json",
                ".hidden",
                "unet/.hidden",
                "other/config.json",
                "unet/more/config.json",
                "unet/model.bin",
                "unet/",
                ""
            })
    void refusesPathsThatAreNotAModels(String path) throws IOException {
        write(json(path, "3", "0".repeat(64)));
        assertThatThrownBy(this::unpack)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(
                        file
                                + ": default-model.json: files must be an object of paths in a model's folder, each once, but was {");
        assertThat(files(temp)).containsExactly("emoji.zip");
    }

    private static byte[] json(String path, String bytes, String sha256) {
        return """
                {"format": 1, "name": "emoji", "files": {"%s": {"bytes": %s, "sha256": "%s"}}}""".formatted(path, bytes, sha256).getBytes(UTF_8);
    }

    @ParameterizedTest
    @CsvSource({
        "-1, 00",
        "68719476737, 00",
        "99999999999999999999, 00",
        "1.5, 00",
        "'\"3\"', 00",
        "3, 0g",
        "3, 0000",
    })
    void refusesSizesAndHashesThatAreNone(String bytes, String sha256) throws IOException {
        write(json("a.json", bytes, sha256 + "0".repeat(62)));
        assertThatThrownBy(this::unpack)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file
                        + ": default-model.json: files must be an object of files with bytes and sha256, but was {");
    }

    @Test
    void refusesNamesThatDifferInCaseAndNamesThatAreNone() throws IOException {
        add("MODEL_index.json", "{}");
        write(new Manifest("emoji", listed).toJson());
        assertThatThrownBy(this::unpack)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(", each once, but was");
        listed.remove("MODEL_index.json");
        write(new Manifest("../emoji", listed).toJson());
        assertRefused(file + ": default-model.json: name must be a model's name, but was \"../emoji\"");
    }

    @Test
    void refusesMoreThanThereIsRoomForBeforeAnythingIsWritten() throws IOException {
        listed.put("unet/config.json", new Manifest.Part(Manifest.MAX_BYTES, "0".repeat(64)));
        write(new Manifest("emoji", listed).toJson());
        assertRefused("%s: default-model.json lists %d bytes; at most %d are unpacked"
                .formatted(file, Manifest.MAX_BYTES + 350_002, Manifest.MAX_BYTES));
    }

    @Test
    void refusesAManifestThatIsTooLarge() throws IOException {
        write(" ".repeat(1 << 21).getBytes(UTF_8));
        assertRefused(file + " has a manifest of more than 1048576 bytes; no more are read");
    }

    @Test
    void stopsAtTheSizeThatIsListed() throws IOException {
        listed.put(WEIGHTS, new Manifest.Part(1_000, "0".repeat(64)));
        write(new Manifest("emoji", listed).toJson());
        assertRefused(file + ": " + WEIGHTS
                + " has more than the 1000 bytes that its manifest lists; get the model file anew");
    }

    @Test
    void keepsNothingThatHasAnotherHash() throws IOException {
        entries.put(Manifest.FILES + WEIGHTS, "other".getBytes(UTF_8));
        write(new Manifest("emoji", listed).toJson());
        assertRefused("%s: %s has the SHA-256 %s, but its manifest lists %s; get the model file anew"
                .formatted(
                        file,
                        WEIGHTS,
                        sha256("other".getBytes(UTF_8)),
                        listed.get(WEIGHTS).sha256()));
    }

    @Test
    void refusesWhatIsListedAndNotThere() throws IOException {
        entries.remove(Manifest.FILES + WEIGHTS);
        write(new Manifest("emoji", listed).toJson());
        assertRefused(file + " cannot be read: it has no entry META-INF/swiftbrush/default-model/" + WEIGHTS);
    }

    @Test
    void saysWhereItCannotUnpack() throws IOException {
        Files.writeString(temp.resolve("cache"), "a file");
        Path folder = place.resolve(sha256(entries.get(MANIFEST)));
        assertThatThrownBy(this::unpack)
                .isInstanceOf(ModelException.class)
                .hasMessageMatching(
                        "\\Q%s cannot be unpacked to %s: \\E.*; make it writable, or call cacheDirectory\\(Path\\)"
                                .formatted(file, folder));
    }
}
