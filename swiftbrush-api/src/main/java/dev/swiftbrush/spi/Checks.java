package dev.swiftbrush.spi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Argument checks whose failures say what was absent. */
final class Checks {

    private Checks() {}

    /** Returns {@code value}, or refuses its absence as any other bad argument. */
    static <T> T requirePresent(@Nullable T value, String name) {
        if (value == null) {
            throw new IllegalArgumentException(name + " must not be null");
        }
        return value;
    }

    /** Returns an unmodifiable copy; a list that is absent, or in which something is, is refused. */
    static <T> List<T> copy(@Nullable List<T> values, String name) {
        List<T> copy = new ArrayList<>(requirePresent(values, name));
        copy.forEach(value -> requirePresent(value, "an element of " + name));
        return Collections.unmodifiableList(copy);
    }
}
