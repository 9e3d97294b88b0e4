package dev.swiftbrush.train.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the files of a run tell, in bounded memory. Use from one thread. */
final class RunHistory {

    static final int MOST_CURVES = 64;
    static final int MOST_EVENTS = 200;
    static final int MOST_WARNINGS = 50;
    private static final int LONGEST_TEXT = 1000;

    private final Map<String, Curve> values = new LinkedHashMap<>();
    private final Map<String, Curve> machine = new LinkedHashMap<>();
    private final Deque<Event> events = new ArrayDeque<>();
    private final Map<String, Warning> warnings = new LinkedHashMap<>();
    private final List<Long> resumedAt = new ArrayList<>();

    private long step;
    private long totalSteps;
    private long epoch;
    private double stepSeconds;
    private double remainingSeconds;
    private double peakBytes;
    private long curvesLeftOut;
    private String lastTime = "";
    private boolean finished;

    record Event(long step, String time, String kind, String text) {}

    /** @param count how often it was given; {@code step} is the first time */
    record Warning(long step, String text, long count) {}

    static RunHistory of(RunFolder run) {
        RunHistory history = new RunHistory();
        if (Files.exists(run.metrics())) {
            JsonLines.read(run.metrics(), history::metrics);
        }
        if (Files.exists(run.events())) {
            JsonLines.read(run.events(), history::event);
        }
        return history;
    }

    private void metrics(long step, ObjectNode line) {
        this.step = step;
        totalSteps = line.path("total_steps").asLong();
        epoch = line.path("epoch").asLong();
        lastTime = text(line, "time");
        JsonNode named = line.path("values");
        named.fieldNames().forEachRemaining(name -> add(values, name, named.get(name)));
        add(machine, "samples_per_second", line.get("samples_per_second"));
        add(machine, "step_seconds", line.get("step_seconds"));
        add(machine, "rss_bytes", line.get("rss_bytes"));
        stepSeconds += finite(line.get("step_seconds"));
        remainingSeconds = finite(line.get("remaining_seconds"));
        peakBytes = Math.max(peakBytes, finite(line.get("peak_rss_bytes")));
    }

    private void add(Map<String, Curve> curves, String name, @Nullable JsonNode node) {
        Double value = JsonLines.number(node);
        if (value == null) {
            return;
        }
        if (!curves.containsKey(name) && curves.size() == MOST_CURVES) {
            curvesLeftOut++;
            return;
        }
        curves.computeIfAbsent(name, key -> new Curve()).add(step, value);
    }

    private static String text(ObjectNode line, String key) {
        String text = line.path(key).asText();
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + "...";
    }

    private static double finite(@Nullable JsonNode node) {
        Double value = JsonLines.number(node);
        return value == null || !Double.isFinite(value) ? 0 : value;
    }

    private void event(long step, ObjectNode line) {
        Event event = new Event(step, text(line, "time"), text(line, "event"), text(line, "text"));
        events.add(event);
        if (events.size() > MOST_EVENTS) {
            events.remove();
        }
        switch (event.kind) {
            case "started" -> {
                finished = false;
                if (step > 0 && resumedAt.size() < MOST_EVENTS) {
                    resumedAt.add(step);
                }
            }
            case "finished" -> finished = true;
            case "warning" -> {
                if (warnings.containsKey(event.text) || warnings.size() < MOST_WARNINGS) {
                    warnings.merge(
                            event.text,
                            new Warning(step, event.text, 1),
                            (first, again) -> new Warning(first.step, first.text, first.count + 1));
                }
            }
            default -> {
                // told by the list of events alone
            }
        }
    }

    /** By name, in the order in which they first came. */
    Map<String, Curve> values() {
        return values;
    }

    /** {@code samples_per_second}, {@code step_seconds} and {@code rss_bytes}. */
    Map<String, Curve> machine() {
        return machine;
    }

    /** The last ones. */
    List<Event> events() {
        return List.copyOf(events);
    }

    /** The first ones, each once. */
    List<Warning> warnings() {
        return List.copyOf(warnings.values());
    }

    List<Long> resumedAt() {
        return List.copyOf(resumedAt);
    }

    /** The last step that was completed; 0 if none was. */
    long step() {
        return step;
    }

    long totalSteps() {
        return totalSteps;
    }

    long epoch() {
        return epoch;
    }

    /** The time of all steps, without what lay between them. */
    double stepSeconds() {
        return stepSeconds;
    }

    double remainingSeconds() {
        return remainingSeconds;
    }

    double peakBytes() {
        return peakBytes;
    }

    /** How many figures were left out because they had more than {@link #MOST_CURVES} names. */
    long curvesLeftOut() {
        return curvesLeftOut;
    }

    /** When the last step was completed, as it was written; empty if none was. */
    String lastTime() {
        return lastTime;
    }

    /** True if the run came to its end by itself. */
    boolean isFinished() {
        return finished;
    }
}
