package dev.swiftbrush.runtime.hub;

import java.util.Locale;

/** Sizes of files, fit for a message. */
final class Sizes {
    private Sizes() {}

    /** Rounded up: {@code 5,161 MB}. */
    static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MB", bytes / 1_000_000 + (bytes % 1_000_000 == 0 ? 0 : 1));
    }
}
