package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.NamedContent;
import dev.swiftbrush.runtime.network.NamedContent.InFolder;
import dev.swiftbrush.runtime.network.NamedContent.OnClassPath;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import org.jspecify.annotations.Nullable;

/** Reads what a model names, from its folder or the class path, and checks that it is what was named. */
final class Contents {
    private Contents() {}

    /**
     * Reads all of it.
     *
     * @param maxBytes more are refused unread
     * @throws ModelException if it is not there, too large, or not what the model was made with
     */
    static byte[] read(NamedContent content, int maxBytes) {
        byte[] bytes;
        try {
            long size = size(content);
            if (size > maxBytes) {
                throw tooLarge(content, size, maxBytes);
            }
            try (InputStream in = open(content)) {
                bytes = in.readNBytes(maxBytes);
                if (in.read() >= 0) {
                    throw tooLarge(content, (long) maxBytes + 1, maxBytes);
                }
            }
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(content, e), e);
        }
        requireSame(content, Fingerprints.sha256(bytes));
        return bytes;
    }

    /** Bytes that it has, or -1 if that is not known before it is read. */
    static long size(NamedContent content) {
        try {
            return content instanceof OnClassPath resource
                    ? connection(resource).getContentLengthLong()
                    : Files.size(((InFolder) content).file());
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(content, e), e);
        }
    }

    private static InputStream open(NamedContent content) throws IOException {
        return content instanceof OnClassPath resource
                ? connection(resource).getInputStream()
                : Files.newInputStream(((InFolder) content).file());
    }

    /** Without the cache that would keep the jar open for good. */
    private static URLConnection connection(OnClassPath resource) throws IOException {
        URL url = find(Thread.currentThread().getContextClassLoader(), resource.name());
        if (url == null) {
            url = find(Contents.class.getClassLoader(), resource.name());
        }
        if (url == null) {
            throw new ModelException("The model needs %s, which is not on the class path; add %s"
                    .formatted(resource.name(), resource.artifact()));
        }
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        return connection;
    }

    private static @Nullable URL find(@Nullable ClassLoader loader, String name) {
        return loader == null ? null : loader.getResource(name);
    }

    private static void requireSame(NamedContent content, String found) {
        String wanted = content.sha256();
        if (wanted != null && !wanted.equals(found)) {
            String advice = content instanceof OnClassPath resource
                    ? "put %s on the class path, and no other version".formatted(resource.artifact())
                    : "get the file anew";
            throw new ModelException("%s has the SHA-256 %s, but the model was made with %s; %s"
                    .formatted(content, found, wanted, advice));
        }
    }

    private static ModelException tooLarge(NamedContent content, long size, int maxBytes) {
        return new ModelException("%s has %d bytes; at most %d are read".formatted(content, size, maxBytes));
    }
}
