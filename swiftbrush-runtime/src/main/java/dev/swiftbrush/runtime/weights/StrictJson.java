package dev.swiftbrush.runtime.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackReader;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Reads one JSON object from a stream that nobody vouches for: strict UTF-8, limited depth, names and numbers, and nothing
 * but padding around the object. The stream is never held whole.
 */
final class StrictJson {

    static final int MAX_NAME_LENGTH = 10_000;

    private static final String LFS_POINTER = "version https://git-lfs"; // what Git leaves where a file was not fetched

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(16)
                    .maxNameLength(MAX_NAME_LENGTH)
                    .maxNumberLength(100)
                    .maxStringLength(Safetensors.MAX_HEADER_BYTES)
                    .build())
            .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
            .build();

    private StrictJson() {}

    /** What may stand around the object: its name in messages, and its characters before and after. */
    enum Padding {
        /** The padding of a safetensors header. */
        SPACES("spaces", "", " "),
        /** What JSON allows. */
        WHITE_SPACE("white space", " \t\r\n", " \t\r\n");

        private final String shown;
        private final String before;
        private final String after;

        Padding(String shown, String before, String after) {
            this.shown = shown;
            this.before = before;
            this.after = after;
        }
    }

    /** Reads the fields of the object; entered after its opening brace, left after its closing one. */
    interface ObjectReader<T> {
        T read(JsonParser json, Fault fault) throws IOException;
    }

    /** Makes the exception for a fault; {@code what} completes a sentence that starts with the subject. */
    interface Fault {
        ModelException of(String what);
    }

    /**
     * @param subject what is read, as messages name it: {@code "header of a.safetensors"}
     * @throws ModelException if the text is not one JSON object within the limits
     * @throws IOException if the stream fails
     */
    static <T> T read(String subject, InputStream in, Padding padding, ObjectReader<T> reader) throws IOException {
        Fault fault = what -> new ModelException(subject + " " + what);
        try {
            PushbackReader text = new PushbackReader(new InputStreamReader(
                    in,
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)));
            int first = text.read();
            while (padding.before.indexOf(first) >= 0) {
                first = text.read();
            }
            if (first != '{') {
                requireFetched(first, text, fault);
                throw fault.of("must start with '{', but "
                        + (first < 0 ? "is empty" : "starts with " + Messages.quoted(Character.toString(first))));
            }
            text.unread(first);
            try (JsonParser json = FACTORY.createParser(text)) {
                json.nextToken();
                T value = reader.read(json, fault);
                requireOnlyPadding(json, text, padding, fault);
                return value;
            }
        } catch (JsonProcessingException e) {
            throw new ModelException("%s is not valid JSON: %s%s".formatted(subject, Messages.reason(e), place(e)), e);
        } catch (CharacterCodingException e) {
            throw new ModelException(subject + " is not valid UTF-8", e);
        }
    }

    private static void requireFetched(int first, Reader rest, Fault fault) throws IOException {
        StringBuilder start = new StringBuilder();
        for (int c = first; c >= 0 && start.length() < LFS_POINTER.length(); c = rest.read()) {
            start.append((char) c);
        }
        if (start.toString().equals(LFS_POINTER)) {
            throw fault.of("is a Git LFS pointer and not the file itself; fetch it with git lfs pull");
        }
    }

    /** The current value as a message shows it. */
    static String shown(JsonParser json) throws IOException {
        JsonToken token = json.currentToken();
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            default -> Messages.quoted(json.getText());
        };
    }

    private static String place(JsonProcessingException e) {
        JsonLocation location = e.getLocation(); // absent when a limit was passed
        return location == null ? "" : " (character %d)".formatted(location.getCharOffset());
    }

    private static void requireOnlyPadding(JsonParser json, Reader text, Padding padding, Fault fault)
            throws IOException {
        StringWriter buffered = new StringWriter();
        json.releaseBuffered(buffered);
        try (Reader rest = new StringReader(buffered.toString())) {
            requireOnlyPadding(rest, padding, fault);
        }
        requireOnlyPadding(text, padding, fault);
    }

    private static void requireOnlyPadding(Reader rest, Padding padding, Fault fault) throws IOException {
        for (int c = rest.read(); c >= 0; c = rest.read()) {
            if (padding.after.indexOf(c) < 0) {
                throw fault.of("must end with its closing '}' and %s, but has %s after it"
                        .formatted(padding.shown, Messages.quoted(Character.toString(c))));
            }
        }
    }
}
