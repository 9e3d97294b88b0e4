package dev.swiftbrush.train.report;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Whether somebody is watching, and how wide their window is. */
final class Terminal {

    private static final int USUAL_COLUMNS = 80;
    private static final int FEWEST_COLUMNS = 20;
    private static final int MOST_BYTES = 100;
    private static final Pattern SIZE = Pattern.compile("\\d{1,5} (\\d{1,5})");

    private Terminal() {}

    /**
     * True if standard input and output are a terminal that can redraw a line.
     *
     * @param term the environment variable {@code TERM}
     */
    static boolean isInteractive(@Nullable String term) {
        Console console = System.console();
        return console != null && !"dumb".equals(term) && isTerminal(console);
    }

    /** The width of the window; 80 if the system does not tell. */
    static int columns() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (InputStream out = stty.getInputStream()) {
                return columns(new String(out.readNBytes(MOST_BYTES), StandardCharsets.US_ASCII));
            } finally {
                stty.destroy();
            }
        } catch (IOException e) {
            return USUAL_COLUMNS; // no stty, or no terminal
        }
    }

    /** @param size rows and columns, as {@code stty size} prints them */
    static int columns(String size) {
        Matcher matcher = SIZE.matcher(size.strip());
        int columns = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
        return columns < FEWEST_COLUMNS ? USUAL_COLUMNS : columns;
    }

    /** From JDK 22 on there may be a console without a terminal, and a method that tells; before, it is one. */
    private static boolean isTerminal(Console console) {
        try {
            MethodHandle asked = MethodHandles.publicLookup()
                    .findVirtual(Console.class, "isTerminal", MethodType.methodType(boolean.class));
            return (boolean) asked.invoke(console);
        } catch (NoSuchMethodException e) {
            return true;
        } catch (Throwable e) { // a method handle may throw anything
            return false;
        }
    }
}
