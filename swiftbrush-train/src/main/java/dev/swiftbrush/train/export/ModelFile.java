package dev.swiftbrush.train.export;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.modelfile.Manifest;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a one-step model as one file: {@link SwiftBrush} opens it by its path or, if it is told no model, from the class path.
 * The same folder and name give the same bytes.
 */
public final class ModelFile {
    private static final Logger log = LoggerFactory.getLogger(ModelFile.class);
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0); // the first that a zip file knows

    private ModelFile() {}

    /**
     * Writes the file, whole or not at all. What does not belong to a model stays behind.
     *
     * @param folder a student, or another one-step model in diffusers layout that says its recipe
     * @param target absent; ends with {@code .zip} or {@code .jar}, and is the model's name but for that
     * @return {@code target}
     * @throws IllegalArgumentException if {@code target} is called otherwise
     * @throws ModelException if the model cannot be used
     * @throws StorageException if {@code target} is there, or the disk refuses
     */
    public static Path write(Path folder, Path target) {
        String name = name(target);
        Checkpoint.open(folder, false);
        Recipes.of(folder, null);
        Path absolute = target.toAbsolutePath().normalize();
        if (Files.exists(absolute)) {
            throw new StorageException("%s is there already; choose another name".formatted(target));
        }
        Path unfinished = absolute.resolveSibling(".%s.%s.tmp".formatted(absolute.getFileName(), UUID.randomUUID()));
        try {
            Files.createDirectories(absolute.resolveSibling(""));
            Manifest manifest = new Manifest(name, files(folder));
            try {
                write(manifest, folder, unfinished);
                Files.move(unfinished, absolute, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(unfinished);
            }
        } catch (IOException e) {
            throw StorageException.cannotWrite(target, e);
        }
        log.info("Wrote {} to {}", folder, target);
        return target;
    }

    private static String name(Path target) {
        String file = String.valueOf(target.getFileName());
        String name = file.replaceFirst("(?i)\\.(zip|jar)$", "");
        if (name.equals(file) || !Manifest.isName(name)) {
            throw new IllegalArgumentException(
                    "A model file is called <name>.zip or <name>.jar, of letters, digits and _ . @ + -, but was to be %s"
                            .formatted(file));
        }
        return name;
    }

    private static TreeMap<String, Manifest.Part> files(Path folder) throws IOException {
        TreeMap<String, Manifest.Part> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder, 2)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String path = folder.relativize(file).toString().replace('\\', '/');
                if (Manifest.isPath(path)) {
                    files.put(path, new Manifest.Part(Files.size(file), Sha256.of(file)));
                }
            }
        }
        return files;
    }

    private static void write(Manifest manifest, Path folder, Path target) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(target)))) {
            add(zip, Manifest.ENTRY, new ByteArrayInputStream(manifest.toJson()));
            for (Map.Entry<String, Manifest.Part> file : manifest.files().entrySet()) {
                try (InputStream in = Files.newInputStream(folder.resolve(file.getKey()))) {
                    add(zip, Manifest.FILES + file.getKey(), in);
                }
            }
        }
    }

    private static void add(ZipOutputStream zip, String name, InputStream content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(NO_TIME);
        zip.putNextEntry(entry);
        content.transferTo(zip);
        zip.closeEntry();
    }
}
