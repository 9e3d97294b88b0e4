package dev.swiftbrush.spi;

import java.net.URI;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where a model comes from. Immutable and thread-safe. */
public sealed interface ModelSource permits ModelSource.Folder, ModelSource.Hub, ModelSource.ClassPath {

    /**
     * A folder or a model file on disk.
     *
     * @param path of either; whether it holds a model is the engine's to find out
     */
    record Folder(Path path) implements ModelSource {
        /**
         * @throws IllegalArgumentException if the path is absent
         */
        public Folder {
            Checks.requirePresent(path, "path");
        }
    }

    /**
     * A model file on the class path.
     *
     * @param manifest the address of its entry {@value #MANIFEST}, beside which the model's files are
     */
    record ClassPath(URI manifest) implements ModelSource {
        /** The name of the resource by which a model file is found. */
        public static final String MANIFEST = "META-INF/swiftbrush/default-model.json";

        /**
         * @throws IllegalArgumentException if the address is absent or that of another resource
         */
        public ClassPath {
            Checks.requirePresent(manifest, "manifest");
            if (!manifest.toString().endsWith(MANIFEST)) {
                throw new IllegalArgumentException("manifest must end with " + MANIFEST + ", but was " + manifest);
            }
        }
    }

    /**
     * A repository on a model hub. Its texts are safe to build paths and addresses from: nothing in them leads upwards.
     *
     * @param id {@code owner/name}, each of at most 96 letters, digits, {@code -}, {@code _} and {@code .}
     * @param revision a branch, tag or commit of at most 255 such characters and {@code /}, or null for the hub's
     *     default
     */
    record Hub(String id, @Nullable String revision) implements ModelSource {

        private static final int MAX_PART = 96;
        private static final int MAX_REVISION = 255;
        // a dot or a hyphen stands alone, between other characters: no "..", no "--"
        private static final String WORD = "\\w+(?:[.-]\\w+)*";
        private static final Pattern PART = Pattern.compile(WORD);
        private static final Pattern REVISION = Pattern.compile(WORD + "(?:/" + WORD + ")*");

        /**
         * @throws IllegalArgumentException if {@code id} or {@code revision} is of another form
         */
        public Hub {
            Checks.requirePresent(id, "id");
            String[] parts = id.split("/", 3);
            if (parts.length != 2 || !isPart(parts[0]) || !isPart(parts[1])) {
                throw refused(id);
            }
            if (revision != null
                    && (revision.length() > MAX_REVISION
                            || !REVISION.matcher(revision).matches())) {
                throw refused(id + "@" + revision);
            }
        }

        /**
         * Reads {@code owner/name} or {@code owner/name@revision}.
         *
         * @throws IllegalArgumentException if the text is of another form
         */
        public static Hub parse(String text) {
            Checks.requirePresent(text, "text");
            int at = text.indexOf('@');
            return at < 0 ? new Hub(text, null) : new Hub(text.substring(0, at), text.substring(at + 1));
        }

        private static boolean isPart(String text) {
            return text.length() <= MAX_PART && PART.matcher(text).matches();
        }

        private static IllegalArgumentException refused(String text) {
            String shown = text.length() <= MAX_REVISION ? text : text.substring(0, MAX_REVISION) + "...";
            return new IllegalArgumentException("A hub id must be owner/name or owner/name@revision, but was '" + shown
                    + "'; for a folder use model(Path)");
        }

        /** Returns the text that {@link #parse} reads. */
        @Override
        public String toString() {
            return revision == null ? id : id + "@" + revision;
        }
    }
}
