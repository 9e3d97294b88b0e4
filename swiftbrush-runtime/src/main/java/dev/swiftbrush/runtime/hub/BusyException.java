package dev.swiftbrush.runtime.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The hub cannot answer now, but may later. */
final class BusyException extends IOException {
    private static final long serialVersionUID = 1L;

    private final @Nullable Duration pause;

    /** @param pause how long the hub asks to be left alone, or null if it does not say */
    BusyException(String message, @Nullable Duration pause) {
        super(message);
        this.pause = pause;
    }

    Optional<Duration> pause() {
        return Optional.ofNullable(pause);
    }
}
