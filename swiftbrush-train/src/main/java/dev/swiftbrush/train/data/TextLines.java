package dev.swiftbrush.train.data;

import dev.swiftbrush.train.files.StorageException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The lines of a UTF-8 text file that nobody vouches for, one at a time. Use from one thread. */
final class TextLines implements AutoCloseable {
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final Path file;
    private final InputStream in;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder(); // reports what is malformed
    private final byte[] line;
    private long number;
    private boolean ended;

    private TextLines(Path file, InputStream in, int maxLineBytes) {
        this.file = file;
        this.in = in;
        this.line = new byte[maxLineBytes];
    }

    static TextLines open(Path file, int maxLineBytes) throws IOException {
        return new TextLines(file, new BufferedInputStream(Files.newInputStream(file), 1 << 16), maxLineBytes);
    }

    /** The number of the line read last, counted from 1. */
    long number() {
        return number;
    }

    /**
     * The next line without its end, or null behind the last.
     *
     * @throws StorageException if it is too long, not UTF-8, or holds a NUL
     */
    @Nullable
    String next() throws IOException {
        if (ended) {
            return null;
        }
        number++;
        int length = 0;
        int next = in.read();
        while (next >= 0 && next != '\n') {
            if (length == line.length) {
                throw new StorageException(
                        "%s: line %d has more than %d bytes; is it a file with a prompt on every line?"
                                .formatted(file, number, line.length));
            }
            if (next == 0) {
                throw new StorageException(
                        "%s: line %d holds a NUL; is it a text file in UTF-8?".formatted(file, number));
            }
            line[length++] = (byte) next;
            next = in.read();
        }
        ended = next < 0;
        if (ended && length == 0) { // the file ended with a line end
            return null;
        }
        if (length > 0 && line[length - 1] == '\r') {
            length--;
        }
        return text(length);
    }

    private String text(int length) throws IOException {
        try {
            String text = decoder.decode(ByteBuffer.wrap(line, 0, length)).toString();
            boolean marked = number == 1 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
            return marked ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new StorageException(
                    "%s: line %d is not UTF-8; write the file in that encoding".formatted(file, number), e);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
