package dev.swiftbrush;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Argument checks whose failures say what was asked and what was found. */
final class Checks {

    private Checks() {}

    static void requireArgument(boolean holds, String message, Object... args) {
        if (!holds) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, message, args));
        }
    }

    /** Returns {@code value}, or refuses its absence as any other bad argument. */
    static <T> T requirePresent(@Nullable T value, String name) {
        if (value == null) {
            throw new IllegalArgumentException(name + " must not be null");
        }
        return value;
    }

    /** Refuses a duration that is absent or negative. */
    static void requireDuration(String name, @Nullable Duration time) {
        Duration present = requirePresent(time, name);
        requireArgument(!present.isNegative(), "%s must not be negative, but was %s", name, present);
    }
}
