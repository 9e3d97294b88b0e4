package dev.swiftbrush.runtime.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/** What comes from files and file systems, made fit for a message. */
public final class Messages {

    private static final int LONGEST = 120;

    private Messages() {}

    /** {@code text} in single quotes, control characters replaced by {@code ?} and cut after 120 characters. */
    public static String quoted(String text) {
        String shown = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
        StringBuilder quoted = new StringBuilder("'");
        shown.chars().forEach(c -> quoted.append(Character.isISOControl(c) ? '?' : (char) c));
        return quoted.append('\'').toString();
    }

    /** What is wrong with a text, without Jackson's remarks on where it could have named its source. */
    static String reason(JsonProcessingException e) {
        return e.getOriginalMessage().replaceAll("\\[Source: [^\\]]*; (line: \\d+, column: \\d+)\\]", "$1");
    }

    /** Why the file system refused; its exceptions often carry nothing but the path. */
    static String reason(IOException e) {
        String reason = e instanceof FileSystemException refused ? refused.getReason() : e.getMessage();
        return reason == null ? e.getClass().getSimpleName() : reason;
    }
}
