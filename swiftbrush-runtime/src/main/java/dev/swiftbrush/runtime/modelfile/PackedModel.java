package dev.swiftbrush.runtime.modelfile;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model file, and the folder that it is unpacked to. Only what the manifest lists is looked at, so that nothing in an archive
 * says where it goes; nothing is kept that has another size or hash than is listed. Immutable and thread-safe.
 */
public final class PackedModel {
    private static final Logger log = LoggerFactory.getLogger(PackedModel.class);
    private static final int BUFFER_BYTES = 1 << 16;

    private final String source;
    private final Opener opener;

    private PackedModel(String source, Opener opener) {
        this.source = source;
        this.opener = opener;
    }

    /** Where entries are read from. */
    private interface Opener {
        Entries open() throws IOException;
    }

    private interface Entries extends AutoCloseable {
        /** @throws IOException if there is none of that name */
        InputStream entry(String name) throws IOException;

        @Override
        void close() throws IOException;
    }

    /** Whether a path's name is that of a model file: it ends with {@code .zip} or {@code .jar}. */
    public static boolean isNamedSo(Path path) {
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        boolean onDisk = path.getFileSystem().equals(FileSystems.getDefault()); // archives elsewhere cannot be opened
        return onDisk && (name.endsWith(".zip") || name.endsWith(".jar"));
    }

    /** A model file on disk. */
    public static PackedModel of(Path file) {
        return new PackedModel(file.toString(), () -> new InFile(new ZipFile(file.toFile())));
    }

    /** A model file on the class path, by the address of its manifest. */
    public static PackedModel of(URI manifest) {
        String address = manifest.toString();
        String base = address.substring(0, address.length() - Manifest.ENTRY.length());
        return new PackedModel(base, () -> new OnClassPath(base));
    }

    private record InFile(ZipFile zip) implements Entries {
        @Override
        public InputStream entry(String name) throws IOException {
            ZipEntry entry = zip.getEntry(name);
            if (entry == null) {
                throw new IOException("it has no entry " + name);
            }
            return zip.getInputStream(entry);
        }

        @Override
        public void close() throws IOException {
            zip.close();
        }
    }

    private record OnClassPath(String base) implements Entries {
        @Override
        public InputStream entry(String name) throws IOException {
            URLConnection connection = URI.create(base + name).toURL().openConnection();
            connection.setUseCaches(false); // a cached jar stays open for good
            return connection.getInputStream();
        }

        @Override
        public void close() {}
    }

    /**
     * A folder of this model.
     *
     * @param name the model's
     */
    public record Unpacked(Path folder, String name) {}

    /**
     * Unpacks what is not there yet, to a folder in {@code place} that the manifest's hash names. Safe between processes: a
     * file appears whole or not at all, and whoever unpacks the same model writes the same bytes.
     *
     * @param hashes gives the SHA-256 of a file on disk
     * @throws ModelException if this is no model file, it is damaged, or it cannot be unpacked there
     */
    public Unpacked unpack(Path place, Function<Path, String> hashes) {
        try (Entries entries = opener.open()) {
            byte[] json = manifest(entries);
            Manifest manifest = parse(json);
            Path folder = place.resolve(HexFormat.of().formatHex(sha256().digest(json)));
            Map<String, Manifest.Part> missing = new TreeMap<>();
            for (Map.Entry<String, Manifest.Part> file : manifest.files().entrySet()) {
                if (!isThere(folder.resolve(file.getKey()), file.getValue(), hashes)) {
                    missing.put(file.getKey(), file.getValue());
                }
            }
            if (!missing.isEmpty()) {
                unpack(entries, missing, folder);
                log.info("Unpacked {} to {}; this happens once", source, folder);
            }
            return new Unpacked(folder, manifest.name());
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(source, reason(e)), e);
        }
    }

    private byte[] manifest(Entries entries) throws IOException {
        InputStream opened;
        try {
            opened = entries.entry(Manifest.ENTRY);
        } catch (IOException e) {
            throw new ModelException(
                    "%s is no model file, which has an entry %s; a folder in an archive must be unpacked first"
                            .formatted(source, Manifest.ENTRY),
                    e);
        }
        try (InputStream in = opened) {
            byte[] json = in.readNBytes((int) JsonFile.MAX_CONFIG_BYTES + 1);
            if (json.length > JsonFile.MAX_CONFIG_BYTES) {
                throw new ModelException("%s has a manifest of more than %d bytes; no more are read"
                        .formatted(source, JsonFile.MAX_CONFIG_BYTES));
            }
            return json;
        }
    }

    private Manifest parse(byte[] json) {
        try {
            return Manifest.of(json);
        } catch (ModelException e) {
            throw new ModelException("%s: %s".formatted(source, e.getMessage()), e);
        }
    }

    private static boolean isThere(Path file, Manifest.Part part, Function<Path, String> hashes) throws IOException {
        return Files.isRegularFile(file)
                && Files.size(file) == part.bytes()
                && hashes.apply(file).equals(part.sha256());
    }

    private void unpack(Entries entries, Map<String, Manifest.Part> missing, Path folder) throws IOException {
        requireRoom(missing, folder);
        AtomicFile.removeAbandoned(folder);
        for (Map.Entry<String, Manifest.Part> each : missing.entrySet()) {
            Path target = folder.resolve(each.getKey());
            makeFolder(target.resolveSibling(""));
            try (InputStream in = entries.entry(Manifest.FILES + each.getKey());
                    AtomicFile file = AtomicFile.create(target)) {
                copy(each.getKey(), in, file, each.getValue());
                file.commit();
            }
        }
    }

    private void copy(String path, InputStream in, AtomicFile file, Manifest.Part part) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        long bytes = 0;
        for (int read; (read = in.read(buffer)) >= 0; bytes += read) {
            if (bytes + read > part.bytes()) {
                throw damaged(path, "has more than the %d bytes that its manifest lists".formatted(part.bytes()));
            }
            digest.update(buffer, 0, read);
            file.write(bytes, ByteBuffer.wrap(buffer, 0, read));
        }
        String found = HexFormat.of().formatHex(digest.digest());
        if (!found.equals(part.sha256())) {
            throw damaged(path, "has the SHA-256 %s, but its manifest lists %s".formatted(found, part.sha256()));
        }
    }

    private ModelException damaged(String path, String how) {
        return new ModelException("%s: %s %s; get the model file anew".formatted(source, path, how));
    }

    private void requireRoom(Map<String, Manifest.Part> missing, Path folder) throws IOException {
        long bytes = missing.values().stream().mapToLong(Manifest.Part::bytes).sum();
        makeFolder(folder);
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < bytes) {
            throw new ModelException("%s takes %d MB in %s, but %d MB are free; make room, or call cacheDirectory(Path)"
                    .formatted(source, bytes / 1_000_000, folder, free / 1_000_000));
        }
    }

    private void makeFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new ModelException(
                    "%s cannot be unpacked to %s: %s; make it writable, or call cacheDirectory(Path)"
                            .formatted(source, folder, e),
                    e);
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
