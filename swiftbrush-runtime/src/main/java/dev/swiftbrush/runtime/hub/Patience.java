package dev.swiftbrush.runtime.hub;

import java.time.Duration;

/**
 * When to give up on a hub. Immutable and thread-safe.
 *
 * @param stall how long it may be silent: until it accepts a connection, answers, or sends the next bytes
 * @param attempts how often something is tried in a row without a single byte gained
 * @param firstPause before the second attempt; each pause is twice as long as the one before
 * @param longestPause that a hub may ask for
 */
public record Patience(Duration stall, int attempts, Duration firstPause, Duration longestPause) {

    static final Patience DEFAULT =
            new Patience(Duration.ofSeconds(30), 5, Duration.ofSeconds(1), Duration.ofMinutes(5));
}
