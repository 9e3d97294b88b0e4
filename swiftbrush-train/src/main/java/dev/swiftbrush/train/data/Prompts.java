package dev.swiftbrush.train.data;

import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The prompts of a training run: each once, in the order in which they first came. Immutable and thread-safe.
 *
 * @param list at least one
 * @param duplicates how many were left out because they had come before
 * @param emptyLines how many were left out because they held nothing but white space
 */
public record Prompts(List<String> list, long duplicates, long emptyLines) {
    private static final Logger log = LoggerFactory.getLogger(Prompts.class);

    /** Longest line, in bytes. A text encoder reads some 77 tokens of it. */
    static final int MAX_LINE_BYTES = 1 << 16;

    /** Refused unread beyond this. */
    static final long MAX_FILE_BYTES = 4L << 30;

    private static final int STRING_BYTES = 112; // a string and its place in a set and a list
    private static final double SHARE_OF_HEAP = 0.6;

    public Prompts {
        list = List.copyOf(list);
        if (list.isEmpty()) {
            throw new IllegalArgumentException("there must be at least one prompt");
        }
    }

    /**
     * Reads a UTF-8 text file with a prompt on every line. A byte order mark and Windows' line ends are no part of prompts; what
     * else is there is kept as it is.
     *
     * @throws StorageException if the file cannot be read, is not UTF-8 or not text, holds no prompt, or is over a limit: 4 GiB,
     *     65,536 bytes a line, 60% of the heap; the message gives the number of the line
     */
    public static Prompts read(Path file) {
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_FILE_BYTES) {
                throw new StorageException(
                        "%s has %d bytes; at most %d are read, so split it".formatted(file, bytes, MAX_FILE_BYTES));
            }
            return read(file, (long) (Runtime.getRuntime().maxMemory() * SHARE_OF_HEAP));
        } catch (IOException e) {
            throw StorageException.cannotRead(file, e);
        }
    }

    /** @param heap bytes that the prompts may take */
    static Prompts read(Path file, long heap) throws IOException {
        Set<String> prompts = new LinkedHashSet<>();
        long duplicates = 0;
        long emptyLines = 0;
        long left = heap;
        try (TextLines lines = TextLines.open(file, MAX_LINE_BYTES)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (line.isBlank()) {
                    emptyLines++;
                } else if (!prompts.add(line)) {
                    duplicates++;
                } else {
                    left -= STRING_BYTES + 2L * line.length();
                }
                if (left < 0) {
                    throw new StorageException(
                            "%s: line %d is the last that fits into %d MB of memory; raise -Xmx, or split the file"
                                    .formatted(file, lines.number(), heap >> 20));
                }
            }
        }
        if (prompts.isEmpty()) {
            throw new StorageException("%s holds no prompts, but %d empty lines".formatted(file, emptyLines));
        }
        log.info(
                "Read {} prompts from {}; left out {} duplicates and {} empty lines",
                prompts.size(),
                file,
                duplicates,
                emptyLines);
        return new Prompts(List.copyOf(prompts), duplicates, emptyLines);
    }

    /**
     * Prompts from elsewhere than a file, such as the captions of images.
     *
     * @throws IllegalArgumentException if there is none that is not blank, or one is not valid Unicode
     */
    public static Prompts of(Collection<String> texts) {
        texts.forEach(PromptTokenizer::requireUnicode);
        List<String> written = texts.stream().filter(text -> !text.isBlank()).toList();
        Set<String> prompts = new LinkedHashSet<>(written);
        return new Prompts(List.copyOf(prompts), written.size() - prompts.size(), texts.size() - written.size());
    }

    public int count() {
        return list.size();
    }

    /** The SHA-256 of all prompts in their order. */
    public String sha256() {
        Sha256 hash = new Sha256();
        list.forEach(hash::text);
        return hash.hex();
    }
}
