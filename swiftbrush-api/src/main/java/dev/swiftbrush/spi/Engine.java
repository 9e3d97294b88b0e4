package dev.swiftbrush.spi;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelInfo;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.Stats;
import java.time.Duration;

/** An opened model. Implementations are thread-safe and bound how many requests run and wait at once. */
public interface Engine extends AutoCloseable {

    /** Returns what the model is and where it runs. */
    ModelInfo model();

    /** Returns what the engine does and has done; cheap enough to be asked every second. */
    Stats stats();

    /**
     * Checks cheaply whether this model can serve a request; nothing runs.
     *
     * @throws IllegalArgumentException if it cannot, for example for its size
     * @throws dev.swiftbrush.DeviceException if it would need more memory than there is
     */
    void check(GenerationRequest request);

    /**
     * Makes one image; a thread that is interrupted meanwhile stops at once, whether its request waits or runs.
     *
     * <p>The request's place is free again when this returns or throws: a caller who asks for the next image then finds
     * the place that it left.
     *
     * @param request has passed {@link #check} and always has a seed
     * @throws dev.swiftbrush.NoSessionException if its turn did not come in time
     * @throws dev.swiftbrush.QueueFullException if too many wait already
     * @throws dev.swiftbrush.DeadlineExceededException if the image was not there within the request's timeout
     * @throws dev.swiftbrush.GenerationCancelledException if the thread was interrupted
     * @throws dev.swiftbrush.GenerationException if the model failed
     * @throws dev.swiftbrush.DeviceException if the device is short of memory
     * @throws IllegalStateException if the engine is closed, before or meanwhile
     */
    GeneratedImage generate(GenerationRequest request);

    /**
     * Refuses a request that would find no place, without running it: counts it and tells the listeners as if
     * {@link #generate} had thrown.
     *
     * @return what its caller is to be thrown, with the pool's numbers
     */
    QueueFullException refuse();

    /**
     * Refuses new requests, lets those that are there finish for at most {@code patience}, ends the rest, which throw
     * {@link IllegalStateException}, lets none run on, and frees everything. Called once.
     *
     * @param patience zero to end everything at once; never negative
     */
    void close(Duration patience);

    /** Closes at once. */
    @Override
    default void close() {
        close(Duration.ZERO);
    }
}
