package dev.swiftbrush.runtime.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.DownloadException;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a hub says a model consists of at a revision. Immutable and thread-safe.
 *
 * @param commit 40 lower-case hex digits
 * @param files by path; empty where the hub does not tell size and hash of a file along with its path
 */
record Listing(String commit, Map<String, Optional<RepoFile>> files) {
    private static final int MAX_FILES = 100_000;
    private static final int MAX_PATH = 1_024;
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    // no empty part, no "." or "..", nothing that means something to a file system
    private static final Pattern PATH =
            Pattern.compile("(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+(/(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+)*");

    Listing {
        files = Collections.unmodifiableMap(files);
    }

    static boolean isCommit(String text) {
        return COMMIT.matcher(text).matches();
    }

    Set<String> paths() {
        return files.keySet();
    }

    /**
     * Reads {@code /api/models/owner/name/revision/...?blobs=true}.
     *
     * @throws DownloadException if it is of another form, or names a path that leads out of the model
     */
    static Listing read(String model, byte[] json) {
        try {
            return read(model, JsonFile.of(Path.of(model + " on the hub"), json));
        } catch (ModelException e) {
            throw new DownloadException("The hub's answer cannot be used: " + e.getMessage(), e);
        }
    }

    private static Listing read(String model, JsonFile json) {
        String commit = json.text("sha").filter(Listing::isCommit).orElseThrow(() -> json.fault("sha", "a commit"));
        JsonNode siblings = json.root().path("siblings");
        if (!siblings.isArray() || siblings.size() > MAX_FILES) {
            throw json.fault("siblings", "a list of at most %d files".formatted(MAX_FILES));
        }
        Map<String, Optional<RepoFile>> files = new LinkedHashMap<>();
        for (JsonNode sibling : siblings) {
            String path = sibling.path("rfilename").asText();
            if (path.length() > MAX_PATH || !PATH.matcher(path).matches()) {
                throw new DownloadException(
                        "%s lists a file '%s', which leads out of the model or has no usable name; nothing of it is downloaded"
                                .formatted(model, shown(path)));
            }
            files.put(path, file(path, sibling));
        }
        return new Listing(commit, files);
    }

    private static Optional<RepoFile> file(String path, JsonNode sibling) {
        JsonNode large = sibling.path("lfs");
        String hash = large.isObject()
                ? large.path("sha256").asText()
                : sibling.path("blobId").asText();
        JsonNode bytes = large.isObject() ? large.path("size") : sibling.path("size");
        if (!bytes.canConvertToLong() || bytes.longValue() < 0) {
            return Optional.empty();
        }
        return ContentHash.parse(hash).map(known -> new RepoFile(path, bytes.longValue(), known));
    }

    private static String shown(String path) {
        String cut = path.length() > 120 ? path.substring(0, 120) + "..." : path;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
