package dev.swiftbrush;

/**
 * Learns what happens to requests, for metrics and traces; given to a model with {@link SwiftBrush.Builder#listener}.
 *
 * <p>Implementations are thread-safe, quick, and leave the {@link SwiftBrush} that calls them alone: they run on the
 * threads that make images, and a slow one delays them. What one throws is logged once and ignored.
 */
@FunctionalInterface
public interface GenerationListener {

    /** Is told of one event, on the thread on which it happened. */
    void onEvent(GenerationEvent event);
}
