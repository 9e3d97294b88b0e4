package dev.swiftbrush.spi;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelInfo;

/** An opened model. Implementations are thread-safe and bound how many requests run and wait at once. */
public interface Engine extends AutoCloseable {

    /** Returns what the model is and where it runs. */
    ModelInfo model();

    /**
     * Checks cheaply whether this model can serve a request; nothing runs.
     *
     * @throws IllegalArgumentException if it cannot, for example for its size
     */
    void check(GenerationRequest request);

    /**
     * Makes one image; a thread that is interrupted while it waits for its turn stops at once.
     *
     * @param request has passed {@link #check} and always has a seed
     * @throws dev.swiftbrush.NoSessionException if its turn did not come in time
     * @throws dev.swiftbrush.QueueFullException if too many wait already
     * @throws dev.swiftbrush.GenerationCancelledException if the thread was interrupted while it waited
     * @throws dev.swiftbrush.GenerationException if the model failed
     * @throws IllegalStateException if the engine is closed
     */
    GeneratedImage generate(GenerationRequest request);

    /** Refuses new requests, ends those that wait, lets none run on, and frees everything. Called once. */
    @Override
    void close();
}
