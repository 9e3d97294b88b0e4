package dev.swiftbrush.train.report;

import dev.swiftbrush.train.StepMetrics;
import dev.swiftbrush.train.TrainingListener;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Shows a run on the console: on a terminal one line that is drawn again and again, with a bar, losses, pace, memory and the
 * time that remains; elsewhere, in a log file for instance, a plain line now and then. Use from one thread.
 */
public final class ConsoleProgress implements TrainingListener, AutoCloseable {

    private static final Duration REDRAW = Duration.ofMillis(100);
    private static final Duration PLAIN = Duration.ofSeconds(30);
    private static final int BAR = 20;
    private static final int SHORTEST_BAR = 5;
    private static final int MOST_VALUES = 3;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean redraws;
    private final int columns;
    private final Duration every;
    private final LongSupplier nanoTime;

    private @Nullable String shownKind; // the stage, or "step"
    private long shownAt;
    private String line = ""; // what stands on the terminal's last line

    /** @param every how long to wait between two lines */
    ConsoleProgress(PrintStream out, boolean redraws, int columns, Duration every, LongSupplier nanoTime) {
        this.out = out;
        this.redraws = redraws;
        this.columns = columns;
        this.every = every;
        this.nanoTime = nanoTime;
    }

    /**
     * Writes to {@code out}, which should be standard output: a terminal is recognised by it. A plain line comes
     * every 30 seconds.
     */
    public static ConsoleProgress on(PrintStream out) {
        boolean terminal = Terminal.isInteractive(System.getenv("TERM"));
        return new ConsoleProgress(
                out, terminal, terminal ? Terminal.columns() : 0, terminal ? REDRAW : PLAIN, System::nanoTime);
    }

    @Override
    public void stage(String stage, long done, long total) {
        boolean ends = done == total;
        if (isDue(stage, ends)) {
            String counted = "%s: %s of %s".formatted(stage, Figures.count(done), Figures.count(total));
            show(redraws ? counted + "  " + bar(done, total, BAR) : counted);
        }
        if (ends) {
            keep();
        }
    }

    @Override
    public void stepCompleted(StepMetrics step) {
        boolean last = step.step() == step.totalSteps();
        if (isDue("step", last)) {
            show(redraws ? drawn(step) : plain(step));
        }
        if (last) {
            keep();
        }
    }

    @Override
    public void samplesWritten(Path png, long step) {
        say("samples of step %s: %s".formatted(Figures.count(step), png));
    }

    @Override
    public void checkpointSaved(Path folder, long step) {
        say("checkpoint of step %s: %s".formatted(Figures.count(step), folder));
    }

    @Override
    public void warning(String message, long step) {
        say("warning, step %s: %s".formatted(Figures.count(step), message));
    }

    @Override
    public void finished(Path result, long step) {
        say("finished after step %s: %s".formatted(Figures.count(step), result));
    }

    /** Leaves the line that is drawn, so that what others print comes below it; {@code out} stays open. */
    @Override
    public void close() {
        if (!line.isEmpty()) {
            keep();
        }
    }

    /** At once when something new begins or ends, and else when the time has come. */
    private boolean isDue(String kind, boolean ends) {
        long now = nanoTime.getAsLong();
        if (!ends && kind.equals(shownKind) && now - shownAt < every.toNanos()) {
            return false;
        }
        shownKind = kind;
        shownAt = now;
        return true;
    }

    /** The bar takes what room the rest leaves. */
    private String drawn(StepMetrics step) {
        String percent = String.format(Locale.ROOT, "%.1f%%", 100.0 * step.step() / step.totalSteps());
        String left = "step %d/%d ".formatted(step.step(), step.totalSteps());
        String right = percent + "  " + String.join("  ", figures(step));
        int room = columns - 1 - left.length() - right.length() - "[] ".length();
        return room < SHORTEST_BAR
                ? left + right
                : left + bar(step.step(), step.totalSteps(), Math.min(BAR, room)) + " " + right;
    }

    private static String plain(StepMetrics step) {
        String percent = String.format(Locale.ROOT, "%.1f%%", 100.0 * step.step() / step.totalSteps());
        return "step %d of %d (%s), %s"
                .formatted(step.step(), step.totalSteps(), percent, String.join(", ", figures(step)));
    }

    /** The time that remains first, for a narrow window cuts the end off. */
    private static List<String> figures(StepMetrics step) {
        Stream<String> left = step.step() == step.totalSteps()
                ? Stream.of("took " + Figures.time(step.elapsed()))
                : Stream.of("ETA " + Figures.time(step.remaining()));
        Stream<String> pace = step.samplesPerSecond() > 0
                ? Stream.of(Figures.number(step.samplesPerSecond()) + " samples/s")
                : Stream.empty();
        Stream<String> memory =
                step.residentBytes() > 0 ? Stream.of(Figures.bytes(step.residentBytes())) : Stream.empty();
        return Stream.of(left, values(step), pace, memory).flatMap(each -> each).toList();
    }

    /** The losses, or the first values if there is none. */
    private static Stream<String> values(StepMetrics step) {
        List<Map.Entry<String, Double>> losses = step.values().entrySet().stream()
                .filter(each -> each.getKey().startsWith("loss"))
                .toList();
        return (losses.isEmpty() ? step.values().entrySet() : losses)
                .stream().limit(MOST_VALUES).map(each -> each.getKey() + " " + Figures.number(each.getValue()));
    }

    private static String bar(long done, long total, int length) {
        int filled = (int) (length * ((double) done / total));
        String head = filled < length ? ">" : "";
        return "[" + "=".repeat(filled) + head + " ".repeat(length - filled - head.length()) + "]";
    }

    private void show(String text) {
        String safe = printable(text);
        if (redraws) {
            line = safe.length() < columns ? safe : safe.substring(0, columns - 1);
            out.print(CLEAR_LINE + line);
        } else {
            out.println(safe);
        }
        out.flush();
    }

    /** What is drawn stays. */
    private void keep() {
        if (redraws) {
            out.println();
            out.flush();
            line = "";
        }
        shownKind = null;
    }

    /** A line of its own, above the one that is redrawn. */
    private void say(String text) {
        if (redraws && !line.isEmpty()) {
            out.print(CLEAR_LINE);
        }
        out.println(printable(text));
        if (redraws) {
            out.print(line);
        }
        out.flush();
    }

    /** Control characters could move a terminal's cursor, and more. */
    private static String printable(String text) {
        return text.codePoints()
                .map(c -> Character.isISOControl(c) ? '?' : c)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }
}
